/** Goals: the least ratio by names of works and peers. The first matching line counts. */

const SEVEN = 'step (SGD|SGD momentum|Adam|AdamW|RMSprop|Adagrad|Adadelta)'
const SIZE = '(1K|16K|256K|4M|16M)'
const LARGE = 'gemm (240×240×240|480×480×480|960×960×960|1024×1024×1024)'
const ONE = 'downhill, 1 thread'

/** Ratios with one thread, from docs/performance.md of 2026-11-25. With the same number of threads each, nine tenths of them are the goal. */
const SINGLE = {
  'step SGD 16K': { PyTorch: 6.93, 'TensorFlow.js': 6.87 },
  'step SGD 256K': { PyTorch: 1.67, 'TensorFlow.js': 5.64 },
  'step SGD 4M': { PyTorch: 1.1, 'TensorFlow.js': 3.29 },
  'step AdamW 16K': { PyTorch: 4.73 },
  'step AdamW 256K': { PyTorch: 1.55 },
  'step AdamW 4M': { PyTorch: 1.16 },
  'gemm 64×64×64 strict': { PyTorch: 0.336, 'TensorFlow.js': 1.38, 'jax-js': 1.74 },
  'gemm 64×64×64 relaxed': { PyTorch: 0.453, 'TensorFlow.js': 1.86, 'jax-js': 2.34 },
  'gemm 128×128×128 strict': { PyTorch: 0.224, 'TensorFlow.js': 1.16, 'jax-js': 0.999 },
  'gemm 128×128×128 relaxed': { PyTorch: 0.294, 'TensorFlow.js': 1.52, 'jax-js': 1.31 },
  'gemm 240×240×240 strict': { PyTorch: 0.222, 'TensorFlow.js': 1.17 },
  'gemm 240×240×240 relaxed': { PyTorch: 0.302, 'TensorFlow.js': 1.59 },
  'gemm 480×480×480 strict': { PyTorch: 0.213, 'TensorFlow.js': 1.17 },
  'gemm 480×480×480 relaxed': { PyTorch: 0.287, 'TensorFlow.js': 1.58 },
  'gemm 960×960×960 strict': { PyTorch: 0.211, 'TensorFlow.js': 1.29 },
  'gemm 960×960×960 relaxed': { PyTorch: 0.282, 'TensorFlow.js': 1.72 },
  'train perceptron 64-32-10, batch 32': { PyTorch: 11.4, 'TensorFlow.js': 49.6, 'jax-js': 23.7 },
  'train perceptron 784-512-10, batch 128': { PyTorch: 0.397, 'TensorFlow.js': 9.66, 'jax-js': 1.39 },
  'train CNN on 8×8 images, batch 32': { PyTorch: 1.73, 'jax-js': 6.67 },
  'train character GPT, batch 8': { PyTorch: 0.488, 'TensorFlow.js': 9.26, 'jax-js': 2.38 },
}

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

  ['2 threads: step (AdamW|SGD) 256K', ONE, 1.8],
  ['2 threads: step (AdamW|SGD) 4M', ONE, 1.25],
  ['2 threads: gemm 240×240×240 .*', ONE, 1.85],
  ['2 threads: gemm (480|960)×.*', ONE, 1.8],
  ['2 threads: train MiniLM.*', ONE, 1.7],
  ['2 threads: train character GPT.*', ONE, 1.6],
  ['2 threads: train CNN.*', ONE, 1.4],
  ['2 threads: train perceptron 784-512-10.*', ONE, 1.7],
  ['2 threads: train perceptron 64-32-10.*', ONE, 0.97],
  // Threads without a processor cost at most three tenths.
  ['8 threads: .*', 'downhill, 2 threads', 1 / 1.3],
  ['\\d+ threads, Chromium: gemm (240|480|960)×.* strict', 'jax-js', 1.1],
  ['\\d+ threads, Chromium: gemm (240|480|960)×.* relaxed', 'jax-js', 1.5],
  ...Object.entries(SINGLE).flatMap(([work, ratios]) =>
    Object.entries(ratios).map(([peer, ratio]) => [`\\d+ threads.*: ${work}`, peer, 0.9 * ratio]),
  ),
].map(([work, peer, goal]) => ({ work: new RegExp(`^${work}$`), peer: new RegExp(`^${peer}`), goal }))

/** Returns the goal of a work against a peer; null if there is none. */
export function goalOf(work, peer) {
  return goals.find((goal) => goal.work.test(work) && goal.peer.test(peer))?.goal ?? null
}
