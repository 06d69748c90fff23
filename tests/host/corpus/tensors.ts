/** Tensors of torch files that torch refuses, or that are larger than their storages. */
import { Name, Persistent, pickled } from '../../../host/io/pickle-writer.ts'
import { Tuple } from '../../../host/io/python.ts'
import { torchArchive } from './files.ts'
import { type Entry, storage, tensor, withFloat } from './parts.ts'

export const tensors: readonly Entry[] = [
  [
    'a tensor beyond its storage',
    () => tensor([4], [1], { offset: 13 }),
    /^the pickle in the file is damaged: a tensor \[4\] ends at element 16, beyond its storage of 16$/,
  ],
  [
    'strides beyond its storage',
    () => tensor([2, 2], [16, 1]),
    /^the pickle in the file is damaged: a tensor \[2, 2\] ends at element 17, beyond its storage of 16$/,
  ],
  [
    'a size of 2^53',
    () => tensor([2n ** 53n], [1]),
    /^the pickle in the file is damaged: a tensor has an invalid shape \[9007199254740992\], strides \[1\] or offset 0$/,
  ],
  [
    'sizes whose product overflows',
    () => tensor([2 ** 40, 2 ** 40], [0, 0]),
    /^the pickle in the file is damaged: a tensor has too large a shape \[1099511627776, 1099511627776\]$/,
  ],
  [
    'an offset below zero',
    () => tensor([1], [1], { offset: -1 }),
    /^the pickle in the file is damaged: a tensor has an invalid shape \[1\], strides \[1\] or offset -1$/,
  ],
  ['one number 10^9 times', () => tensor([1e9], [0]), /repeats its 16 elements/],
  [
    'a storage that is too small',
    () => tensor([1], [1], { elements: 17 }),
    /^the pickle in the file is damaged: the storage '0' should have 17 elements of F32, but has 64 bytes$/,
  ],
  [
    'a storage that is not there',
    () => tensor([1], [1], { key: '1' }),
    /^the pickle in the file is damaged: the file lacks the storage '1'$/,
  ],
  [
    'a storage elsewhere',
    () => tensor([1], [1], { key: '../data.pkl' }),
    /^the pickle in the file is damaged: the file lacks the storage '\.\.\/data\.pkl'$/,
  ],
  [
    'a storage of another class',
    () => tensor([1], [1], { type: 'Size' }),
    /^the pickle in the file is damaged: a storage must be \('storage', type, key, location, elements\), got \['storage', a Global, '0', 'cpu', 16\]$/,
  ],
  ['a storage of complex numbers', () => tensor([1], [1], { type: 'ComplexFloatStorage' }), /refers to 'torch\.ComplexFloatStorage'/],
  [
    'a size that is a float',
    () => tensor([4], [1], { encode: withFloat }),
    /: a tensor has an invalid shape \[a Float\], strides \[1\] or offset 0$/,
  ],
  ['a tensor that lacks an argument', () => tensor([4], [1], { more: [false] }), /: a tensor must have 6 to 7 arguments, got 5$/],
  [
    'a requires_grad that is not a boolean',
    () => tensor([4], [1], { more: [0, null] }),
    /: requires_grad of a tensor of type F32 must be a boolean, got 0$/,
  ],
  [
    'integers with a gradient',
    () => tensor([4], [1], { type: 'LongStorage', elements: 8, more: [true, null] }),
    /: requires_grad of a tensor of type I64 must be False, got true$/,
  ],
  [
    'a tensor with the negative flag',
    () => tensor([4], [1], { more: [false, null, { neg: true }] }),
    /^a tensor in the file has a negative or conjugate flag/,
  ],
  [
    'a storage that is too large',
    () => tensor([1], [1], { elements: 15 }),
    /: the storage '0' should have 15 elements of F32, but has 64 bytes$/,
  ],
  [
    'a storage of two types',
    () => {
      const id = (type: string, elements: number) => new Persistent(new Tuple(['storage', new Name('torch', type), '0', 'cpu', elements]))
      return torchArchive(pickled([id('FloatStorage', 16), id('LongStorage', 8)]), storage)
    },
    /: the storage '0' is declared twice, with 16 elements of F32 and 8 of I64$/,
  ],
]
