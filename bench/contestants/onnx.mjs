/** onnxruntime-web, one thread: a session with a model of one MatMul. */
import * as ort from 'onnxruntime-web/wasm'
import { noises, SECOND } from '../numbers.mjs'
import { serve } from './serve.mjs'

ort.env.wasm.numThreads = 1

// An ONNX file is a protocol buffer. Each field has a number, a wire type (0: integer, 2: bytes with their length) and a value.
const varint = (n) => (n > 127 ? [(n & 127) | 128, ...varint(n >>> 7)] : [n])
const whole = (field, n) => [...varint(field << 3), ...varint(n)]
const bytes = (field, content) => [...varint((field << 3) | 2), ...varint(content.length), ...content]
const text = (field, string) => bytes(field, [...new TextEncoder().encode(string)])

/** ValueInfoProto: a name, and a tensor of float32 (1) with a shape. */
function valueInfo(field, name, shape) {
  const dimensions = shape.flatMap((length) => bytes(1, whole(1, length)))
  return bytes(field, [...text(1, name), ...bytes(2, bytes(1, [...whole(1, 1), ...bytes(2, dimensions)]))])
}

/** ModelProto: IR version 8, operator set 13, and the graph c = MatMul(a, b). */
function matmulModel(m, k, n) {
  const node = [...text(1, 'a'), ...text(1, 'b'), ...text(2, 'c'), ...text(4, 'MatMul')]
  const values = [...valueInfo(11, 'a', [m, k]), ...valueInfo(11, 'b', [k, n]), ...valueInfo(12, 'c', [m, n])]
  return Uint8Array.from([...whole(1, 8), ...bytes(7, [...bytes(1, node), ...text(2, 'product'), ...values]), ...bytes(8, whole(2, 13))])
}

async function gemm({ m, k, n, samples }) {
  const session = await ort.InferenceSession.create(matmulModel(m, k, n), { executionProviders: ['wasm'] })
  const feeds = {
    a: new ort.Tensor('float32', noises(m * k, 0), [m, k]),
    b: new ort.Tensor('float32', noises(k * n, SECOND), [k, n]),
  }
  const turn = async () => {
    await session.run(feeds)
  }
  const { data } = (await session.run(feeds)).c
  return { forms: { '': { turn, result: samples.map(([i, j]) => data[i * n + j]) } }, release: () => session.release() }
}

await serve({ gemm })
