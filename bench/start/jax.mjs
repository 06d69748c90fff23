const began = performance.now()
const { defaultDevice, init, jit, numpy: np } = await import('@jax-js/jax')
await init('wasm')
defaultDevice('wasm')
// Adam's first step from zero moments.
const step = jit((p, g) => {
  const mean = g.ref.mul(0.1)
  const square = np.square(g).mul(0.001)
  const direction = mean.ref.div(np.sqrt(square.ref).div(Math.sqrt(0.001)).add(1e-8))
  return [p.sub(direction.mul(1e-3 / 0.1)), mean, square]
})
const [w] = step(np.ones([64, 32]), np.full([64, 32], 0.1))
if (!((await w.data())[0] < 1)) throw new Error('no step')
console.log(performance.now() - began)
process.exit()
