/** Entry `downhill/io`: checkpoints, and the files of PyTorch, Hugging Face and NumPy. */
export * as checkpoint from './checkpoint.ts'
export type { FileTensor, LongTensor, TensorLike } from './elements.ts'
export * as npy from './npy.ts'
export * as npz from './npz.ts'
export type { Part, Parts } from './parts.ts'
export type { Loaded, LoadOptions } from './restore.ts'
export * as safetensors from './safetensors.ts'
export * as torchFile from './torch-file.ts'
