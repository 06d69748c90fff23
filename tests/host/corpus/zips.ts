/** Zip archives that are damaged, or that torch refuses. */
import { zipSync } from 'fflate'
import { torchFile } from '../../../host/io/index.ts'
import { zipped } from '../../../host/io/zip.ts'
import { type Entry, pickle, repeated, zip } from './parts.ts'

export const zips: readonly Entry[] = [
  [
    'a directory of 1 GB',
    () => zip((view, _, end) => view.setUint32(end + 12, 2 ** 30, true)),
    /^this is not a zip archive: its directory must have at most 67108864 bytes, got 1073741824$/,
  ],
  [
    'a file whose size is not its compressed size',
    () => zip((view, at) => view.setUint32(at + 24, view.getUint32(at + 24, true) + 1, true)),
    /^this is not a zip archive: the file 'archive\/data\.pkl' in it should have \d+ bytes, but has \d+$/,
  ],
  ['a file that is a folder', () => zip((view, at) => view.setUint8(at + 38, 0x10)), /: the file 'archive\/data\.pkl' in it is a folder$/],
  [
    'a file on another disk',
    () => zip((view, at) => view.setUint8(at + 34, 1)),
    /: the file 'archive\/data\.pkl' in it is on another disk$/,
  ],
  ['an archive on two disks', () => zip((view, _, end) => view.setUint8(end + 4, 1)), /: it is a part of an archive on several disks$/],
  [
    'an encrypted file',
    () => zip((view, at) => view.setUint16(at + 8, 0x2000, true)),
    /^the file 'archive\/data\.pkl' in the archive is encrypted$/,
  ],
  [
    'a name that is not UTF-8',
    () => zip((view, at) => view.setUint8(at + 50, 0xff)),
    /^this is not a zip archive: a name in it is not UTF-8$/,
  ],
  [
    'a file outside the folder',
    () =>
      zipped(
        new Map([
          ['a/data.pkl', pickle('N')],
          ['a/version', Buffer.from('3\n')],
          ['b/x', new Uint8Array(1)],
        ]),
      ),
    /^this zip archive was not written by torch\.save: 'b\/x' is outside its folder$/,
  ],
  [
    'two names that differ in case',
    () =>
      zipped(
        new Map([
          ['a/data.pkl', pickle('N')],
          ['a/version', Buffer.from('3\n')],
          ['a/DATA.pkl', new Uint8Array(1)],
        ]),
      ),
    /: two of its files have the name 'a\/DATA\.pkl'$/,
  ],
  ['an archive without a version', () => zipped(new Map([['a/data.pkl', pickle('N')]])), /: it has no version$/],
  [
    'a version that is not a number',
    () =>
      zipped(
        new Map([
          ['a/data.pkl', pickle('N')],
          ['a/version', Buffer.from('x')],
        ]),
      ),
    /: its version is 'x'$/,
  ],
  [
    'an unknown byte order',
    () =>
      zipped(
        new Map([
          ['a/data.pkl', pickle('N')],
          ['a/version', Buffer.from('3\n')],
          ['a/byteorder', Buffer.from('middle')],
        ]),
      ),
    /: its byteorder is 'middle'$/,
  ],
  [
    'a zip archive that is compressed',
    () => zipSync({ 'a/data.pkl': pickle('N'), 'a/version': [Buffer.from('3\n'), { level: 0 }] }),
    /'a\/data\.pkl' in the archive is compressed, unlike those of torch$/,
  ],
  [
    'a zip bomb',
    () => zipSync({ 'a/data.pkl': pickle(repeated(']', 60_000_000)), 'a/version': [Buffer.from('3\n'), { level: 0 }] }),
    /is compressed/,
  ],
  [
    'a zip archive of something else',
    () => zipSync({ 'a.txt': [new Uint8Array(3), { level: 0 }] }),
    /^this zip archive was not written by torch\.save: it has no data\.pkl$/,
  ],
  ['a zip archive without an end', () => torchFile.save({}).subarray(0, 200), /it has no directory at its end$/],
  [
    'a directory beyond the end',
    () => zip((view, _, end) => view.setUint32(end + 16, 2 ** 31, true)),
    /^this is not a zip archive: its directory should be at 2147483648, but the file has 814 bytes$/,
  ],
  [
    '65,535 files',
    () => zip((view, _, end) => [8, 10].map((field) => view.setUint16(end + field, 65535, true))),
    /^this is not a zip archive: entry 4 of its directory is invalid$/,
  ],
  [
    'a file beyond the end',
    () => zip((view, at) => view.setUint32(at + 42, 2 ** 30, true)),
    /^this is not a zip archive: the file 'archive\/data\.pkl' in it overlaps another$/,
  ],
  [
    'a size beyond the end',
    () => zip((view, at) => [20, 24].map((field) => view.setUint32(at + field, 2 ** 30, true))),
    /^this is not a zip archive: the file 'archive\/data\.pkl' in it overlaps another$/,
  ],
  [
    'two files at one place',
    () => zip((view, at) => view.setUint32(at + 42, 64, true)),
    /^this is not a zip archive: the file 'archive\/byteorder' in it overlaps another$/,
  ],
  [
    'a checksum that differs',
    () => zip((view) => view.setUint8(64, 0x81)),
    /^this is not a zip archive: the file 'archive\/data\.pkl' in it is corrupt: its checksum differs$/,
  ],
]
