/**
 * Records calls of the update rules at the binary's interface (docs/abi.md): every kernel of every rule, with the arrays before and after.
 * Run it in a project with the package; it prints one line of JSON.
 */
const recorded = []
const MOST = 4
const counts = new Map()

const base64 = (buffer, address, bytes) => Buffer.from(buffer, address, bytes).toString('base64')

/** Wraps a rule's kernel to record its first calls. */
function noting(name, kernel, memory) {
  counts.set(name, counts.get(name) ?? 0)
  return (spans, count, uniforms) => {
    const call = counts.get(name)
    counts.set(name, call + 1)
    if (call >= MOST) return kernel(spans, count, uniforms)
    const table = Array.from(new Uint32Array(memory.buffer, spans, 6 * count))
    const entries = Array.from({ length: count }, (_, i) => table.slice(6 * i, 6 * i + 6))
    const arrays = () => entries.map(([bytes, ...addresses]) => addresses.map((at) => (at ? base64(memory.buffer, at, bytes) : null)))
    const before = arrays()
    const numbers = base64(memory.buffer, uniforms, 12 * (name.endsWith('f64') ? 8 : 4))
    kernel(spans, count, uniforms)
    recorded.push({ name, bytes: entries.map(([bytes]) => bytes), uniforms: numbers, before, after: arrays() })
  }
}

const { Instance } = WebAssembly
WebAssembly.Instance = function instance(module, imports) {
  const { exports } = new Instance(module, imports)
  const { memory } = imports.env
  // Only rules have names that begin with a capital.
  const entry = ([name, value]) => [name, /^[A-Z]/.test(name) ? noting(name, value, memory) : value]
  return { exports: Object.fromEntries(Object.entries(exports).map(entry)) }
}

const downhill = await import('downhill')

/** Option values that select the kernels of a rule. */
const choices = {
  weightDecay: [0, 0.1],
  amsgrad: [false, true],
  betas: [
    [0.9, 0.99],
    [0.3, 0.99],
    [0.9, 0.3],
    [0.3, 0.3],
  ],
  momentum: [0, 0.9],
  nesterov: [false, true],
  centered: [false, true],
  alpha: [0.99, 0.4],
  t0: [1e6, 2],
  decoupledWeightDecay: [false, true],
  maximize: [false, true],
}

const isRefused = (error, code) => error instanceof downhill.DownhillError && error.code === code

function has(Class, w, option, value) {
  try {
    new Class([w], { [option]: value }).dispose()
    return true
  } catch (error) {
    if (isRefused(error, 'option-unknown')) return false
    throw error
  }
}

/** Takes eight steps of three parameters in two groups, with a different gradient at each step. */
function steps(arena, Class, options, dtype, sparse) {
  const params = [[17], [3, 5], [9, 4]].map((shape) =>
    arena.parameter(shape, { dtype, data: Array.from({ length: shape.reduce((a, b) => a * b) }, (_, i) => (i - 7) / 8) }),
  )
  let optimizer
  try {
    optimizer = new Class([{ params: [params[0], params[2]] }, { params: [params[1]], lr: 0.02 }], options)
  } catch (error) {
    if (isRefused(error, 'option-range')) return
    throw error
  }
  for (let step = 0; step < 8; step++) {
    // Assignment after construction allows what the constructor rejects: nesterov without momentum.
    if (step === 6) for (const group of optimizer.paramGroups) if ('momentum' in group) group.momentum = 0
    for (const [k, parameter] of params.entries()) {
      const value = (i) => (((i * 37 + step * 101 + k * 7) % 64) - 31) / 50
      const values = Array.from({ length: parameter.size }, (_, i) => value(i))
      parameter.grad = sparse ? { indices: Array.from({ length: parameter.shape[0] }, (_, i) => i), values } : values
    }
    optimizer.step()
  }
}

const arena = await downhill.Arena.create()
const probe = arena.parameter([2, 2])
for (const [name, Class] of Object.entries(downhill)) {
  if (!(Class.prototype instanceof downhill.Optimizer) || ['LBFGS', 'Muon', 'Adafactor'].includes(name)) continue
  const own = Object.entries(choices).filter(([option, [value]]) => has(Class, probe, option, value))
  const combinations = own.reduce(
    (all, [option, values]) => all.flatMap((set) => values.map((value) => ({ ...set, [option]: value }))),
    [{}],
  )
  for (const dtype of ['float32', 'float64']) {
    for (const options of combinations) steps(arena, Class, options, dtype, name === 'SparseAdam')
  }
}
const never = [...counts].filter(([, count]) => count === 0).map(([name]) => name)
if (never.length) throw new Error(`these kernels never ran: ${never.join(', ')}`)
console.log(JSON.stringify(recorded))
