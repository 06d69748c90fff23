/** Goals: the least ratio by names of works and peers. The first matching line counts. */

const SEVEN = 'step (SGD|SGD momentum|Adam|AdamW|RMSprop|Adagrad|Adadelta)'
const SIZE = '(1K|16K|256K|4M|16M)'
const LARGE = 'gemm (240×240×240|480×480×480|960×960×960|1024×1024×1024)'

const goals = [
  [`${SEVEN} 1K`, 'PyTorch', 10],
  [`${SEVEN} (16K|256K)`, 'PyTorch', 1],
  [`${SEVEN} (4M|16M)`, 'PyTorch', 0.95],
  [`step SGD ${SIZE}`, 'TensorFlow.js', 2.5],
  [`${SEVEN} ${SIZE}`, 'TensorFlow.js', 6],
  [`${SEVEN} ${SIZE}`, 'plain JavaScript', 5],
  [`${SEVEN} 200 tensors.*`, 'PyTorch', 8],
  [`${SEVEN} 4M`, 'measured sweep', 0.9],

  [`${LARGE} strict`, 'measured strict peak', 0.9],
  [`${LARGE} strict`, 'TensorFlow.js', 1.12],
  [`${LARGE} strict`, 'onnxruntime-web', 1.05],
  [`${LARGE} strict`, 'jax-js', 1.1],
  [`${LARGE} relaxed`, 'best in WASM', 1.4],
  ['gemm (32×784×128|8×512×512|1×512×512|37×53×91) strict', 'best in WASM', 1],

  ['train perceptron 64-32-10, batch 32', 'PyTorch', 4],
  ['train perceptron 64-32-10, batch 32', 'TensorFlow.js', 12],
  ['train perceptron 64-32-10, batch 32', 'jax-js', 7],
  ['train perceptron 784-128-10, batch 32', 'PyTorch', 0.9],
  ['train perceptron 784-128-10, batch 32', 'TensorFlow.js', 9],
  ['train perceptron 784-128-10, batch 32', 'jax-js', 2.5],
  ['train perceptron 784-512-10, batch 128', 'PyTorch', 0.28],
  ['train perceptron 784-512-10, batch 128', 'TensorFlow.js', 9],
  ['train perceptron 784-512-10, batch 128', 'jax-js', 1.4],
  ['train (CNN|character GPT).*(?<!relaxed)', '(TensorFlow.js|jax-js)', 1],
].map(([work, peer, goal]) => ({ work: new RegExp(`^${work}$`), peer: new RegExp(`^${peer}`), goal }))

/** Returns the goal of a work against a peer; null if there is none. */
export function goalOf(work, peer) {
  return goals.find((goal) => goal.work.test(work) && goal.peer.test(peer))?.goal ?? null
}
