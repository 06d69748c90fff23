/** Pickles that do harm, or that torch refuses. */
import { torchArchive } from './files.ts'
import { type Entry, often, pickle, repeated, texts, u32 } from './parts.ts'

export const pickles: readonly Entry[] = [
  [
    'a global of os',
    () => torchArchive(pickle('cos\nsystem\n', 'X', u32(2), 'id', [0x85], 'R')),
    /^the file refers to 'os\.system', which is not allowed; nothing was executed\. Save the state dict instead$/,
  ],
  ['eval', () => torchArchive(pickle('c__builtin__\neval\n', 'X', u32(2), 'id', [0x85], 'R')), /refers to '__builtin__\.eval'/],
  ['a global by the stack', () => torchArchive(pickle([0x8c, 2], 'os', [0x8c, 6], 'system', [0x93])), /refers to 'os\.system'/],
  ['a global of Object', () => torchArchive(pickle('cconstructor\nconstructor\n')), /refers to 'constructor\.constructor'/],
  ['a global with an escape', () => torchArchive(pickle('cos\n\u001b[2Jsystem\n')), /refers to 'os\.\\u001b\[2Jsystem'/],
  [
    'a global as a value',
    () => torchArchive(pickle('ccollections\nOrderedDict\n')),
    /holds the class or function 'collections\.OrderedDict' as a value/,
  ],
  ['a call of a text', () => torchArchive(pickle('X', u32(1), 'a', ')R')), /it calls 'a'$/],
  [
    'a call of a call of a call',
    () =>
      torchArchive(
        pickle(
          'ctorch._tensor\n_rebuild_from_type_v2\nq\0)q\x01',
          ...Array.from({ length: 100_000 }, () => '(h\0Nh\x01Ntq\x01'),
          'h\0h\x01R',
        ),
      ),
    /^the pickle in the file is damaged: a tensor must be made by a function of torch\._utils, got a Global$/,
  ],
  [
    'one list of 100,000, in 10,000 pairs',
    () => torchArchive(pickle('](', repeated('N', 100_000), 'eq\0ccollections\nOrderedDict\n](', often(10_000, 'h\0'), 'e\x85R')),
    /an OrderedDict must be made from pairs, got \[\[null, null, null, null, null, null, …\], /,
  ],
  [
    'one text of 1 MB, 100,000 times as bytes',
    () =>
      torchArchive(
        pickle(
          'X',
          u32(1e6),
          Buffer.alloc(1e6, 'a'),
          'q\0c_codecs\nencode\nq\x01X',
          u32(6),
          'latin1q\x02](',
          often(100_000, 'h\x01h\0h\x02\x86R'),
          'e',
        ),
      ),
    undefined,
  ],
  ['a prototype', () => torchArchive(pickle('}X', u32(9), '__proto__', '}s')), /the key '__proto__'/],
  ['a key that is a list', () => torchArchive(pickle('}]]s')), /the key \[\]/],
  ['a long key', () => torchArchive(pickle('}X', u32(2000), 'k'.repeat(2000), 'Ns')), /the key 'k{80}…'/],
  ['a list in itself', () => torchArchive(pickle(']q\0h\0a')), /nested 100 levels deep, or one contains itself$/],
  ['a dict in itself', () => torchArchive(pickle('}q\0K\x01h\0s')), /or one contains itself$/],
  ['lists within lists', () => torchArchive(pickle(repeated(']', 200_000), repeated('a', 199_999))), /nested 100 levels deep/],
  [
    'twice twice twice',
    () =>
      torchArchive(
        pickle(
          ']q\0',
          ...Array.from({ length: 60 }, (_, i) => `](h${String.fromCharCode(i)}h${String.fromCharCode(i)}eq${String.fromCharCode(i + 1)}`),
        ),
      ),
    /^the pickle in the file is damaged: it has more than 1048576 values$/,
  ],
  ['operations without end', () => torchArchive(pickle(repeated(']', 2 ** 25 - 100))), /more than 1048576 operations$/],
  [
    'a pickle of 64 MB',
    () => torchArchive(new Uint8Array(2 ** 26)),
    /^the pickle in the file is damaged: it must have at most 33554432 bytes, got 67108864$/,
  ],
  [
    'a number of 20 MB',
    () => torchArchive(pickle([0x8b], u32(20_000_000), Buffer.alloc(20_000_000, 1))),
    /^the pickle in the file is damaged: operation 0x8b at 2 is not supported$/,
  ],
  ['a text beyond the end', () => torchArchive(pickle('X', u32(2 ** 31), 'a')), /^the pickle in the file is damaged: it is truncated$/],
  ['no end', () => torchArchive(Uint8Array.of(0x80, 2, 0x4e)), /^the pickle in the file is damaged: it is truncated$/],
  ['an empty stack', () => torchArchive(pickle('a')), /^the pickle in the file is damaged: it pops an empty stack$/],
  ['a missing mark', () => torchArchive(pickle('t')), /^the pickle in the file is damaged: it pops a missing mark$/],
  [
    'a value that is not there',
    () => torchArchive(pickle('h\x07')),
    /^the pickle in the file is damaged: it refers to the missing memo entry 7$/,
  ],
  [
    'an operation of protocol 0',
    () => torchArchive(pickle('I1\n')),
    /^the pickle in the file is damaged: operation 0x49 at 2 is not supported$/,
  ],
  [
    'a frame of 2^63 bytes',
    () => torchArchive(pickle([0x95, 0, 0, 0, 0, 0, 0, 0, 0x80], 'N')),
    /^the pickle in the file is damaged: a frame should have 9223372036854776000 bytes, but 2 follow$/,
  ],
  [
    'a frame that ends within an operation',
    () => torchArchive(pickle([0x95, 3, 0, 0, 0, 0, 0, 0, 0], 'J', u32(1))),
    /^the pickle in the file is damaged: an operation at 16 does not end with its frame$/,
  ],
  [
    'a text that is not UTF-8',
    () => torchArchive(pickle('X', u32(1), [0xff])),
    /^the pickle in the file is damaged: the text at 7 is not UTF-8$/,
  ],
  ['a tuple that is appended to', () => torchArchive(pickle(')Na')), /: it appends to a value that is not a list$/],
  ['a list that is added to', () => torchArchive(pickle('](N', [0x90])), /: it adds to a value that is not a set$/],
  ['a frozenset that is added to', () => torchArchive(pickle('(', [0x91], '(N', [0x90])), /: it adds to a value that is not a set$/],
  ['a set of a list', () => torchArchive(pickle([0x8f], '(]', [0x90])), /^a set in the file has \[\], which is not supported$/],
  [
    'a key that is a float',
    () => torchArchive(pickle('}G', [0x40, 0x10, 0, 0, 0, 0, 0, 0], 'Ns')),
    /has the key a Float, which is not supported$/,
  ],
  [
    'the keys 1 and 1 as a text',
    () => torchArchive(pickle('}K\x01NsX', u32(1), '1Ns')),
    /^a dict in the file has the key '1', which is not supported beside keys of the other type$/,
  ],
  ['attributes of a dict', () => torchArchive(pickle('}}b')), /: it sets attributes of a PythonDict$/],
  [
    'an instance of OrderedDict that is not initialized',
    () => torchArchive(pickle('ccollections\nOrderedDict\n)', [0x81])),
    /: it creates an instance of a Global$/,
  ],
  [
    'an OrderedDict of two lists',
    () => torchArchive(pickle('ccollections\nOrderedDict\n]]', [0x86], 'R')),
    /: an OrderedDict must have 0 to 1 arguments, got 2$/,
  ],
  [
    'a Counter of a list',
    () => torchArchive(pickle('ccollections\nCounter\n]', [0x85], 'R')),
    /: a Counter must be made from a dict, got \[\]$/,
  ],
  [
    'a torch.Size of a float',
    () => torchArchive(pickle('ctorch\nSize\n]G', Buffer.alloc(8), 'a', [0x85], 'R')),
    /: a torch\.Size must be made from integers, got \[a Float\]$/,
  ],
  [
    'a device that is not one',
    () => torchArchive(pickle('ctorch\ndevice\nX', u32(1), 'x', [0x85], 'R')),
    /: a torch\.device must be made from a type and an index, got \['x'\]$/,
  ],
  ['a call of a class of tensors', () => torchArchive(pickle('ctorch\nTensor\n)R')), /: it calls a Global$/],
  [
    'bytes of a letter beyond 255',
    () => torchArchive(pickle('c_codecs\nencode\nX', u32(2), [0xc4, 0x80], 'X', u32(6), 'latin1', [0x86], 'R')),
    /: bytes must be Latin-1 text, got 'Ā'$/,
  ],
  [
    'bytes in another encoding',
    () => torchArchive(pickle('c_codecs\nencode\n))', [0x86], 'R')),
    /: bytes must be a string in the encoding 'latin1', got a Tuple in a Tuple$/,
  ],
  ['protocol 6', () => torchArchive(Uint8Array.of(0x80, 6, 0x4e, 0x2e)), /: its protocol must be at most 5, got 6$/],
  ['a million empty lists', () => torchArchive(pickle('](', repeated(']', 1_000_000), 'e')), undefined],
  ['a million empty dicts', () => torchArchive(pickle('](', repeated('}', 1_000_000), 'e')), undefined],
  ['250,000 dicts', () => torchArchive(pickle('](', often(250_000, '}K\x01Ns'), 'e')), undefined],
  ['a million texts', () => torchArchive(pickle('](', texts(1_000_000), 'e')), undefined],
  ['a text of 32 MB', () => torchArchive(pickle('X', u32(2 ** 25 - 200), Buffer.alloc(2 ** 25 - 200, 'ü'))), undefined],
]
