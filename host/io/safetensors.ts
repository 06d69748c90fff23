/** The namespace `safetensors` of `downhill/io`. */
export { type BlobLike, open, type ReadRange, SafeTensorsFile, type TensorInfo } from './safetensors-file.ts'
export { readSharded, type ShardedTensors, type Shards } from './safetensors-sharded.ts'
export { read, type SafeTensors, write } from './safetensors-whole.ts'
