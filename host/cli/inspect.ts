/** `downhill inspect FILE` */
import { parseArgs } from 'node:util'
import { inspect, jsonOf, startOf } from '../io/inspect.ts'
import type { InspectedPart, Inspection } from '../io/inspection.ts'
import { aligned, shownBytes } from '../report/terminal.ts'
import { check, printable } from '../validation/errors.ts'
import { withFile } from './files.ts'

const usage = `downhill inspect FILE   show the contents of a checkpoint; a .safetensors file, or the index.json of several; a .pt file of torch.save;
                        an .npy or .npz file of NumPy

  --json    print one JSON document instead of a table
`

const FORMATS: Readonly<Record<Inspection['format'], string>> = {
  checkpoint: 'checkpoint',
  safetensors: 'safetensors file',
  'safetensors-index': 'index of safetensors files',
  torch: 'torch.save file',
  npy: '.npy file',
  npz: '.npz file',
}

/** Characters of a value to show. */
const LONGEST = 100

/** Returns a value on one line. */
function short(value: unknown): string {
  const text = startOf(value, LONGEST)
  return text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text
}

/** Returns entries on one line, without those that are false or null. */
const pairs = (entries: object) =>
  Object.entries(entries)
    .filter(([, value]) => value !== false && value !== null)
    .map(([key, value]) => `${key} ${short(value)}`)
    .join(', ')

function linesOf({ name, kind, className, step, groups, value }: InspectedPart): string[] {
  const what = [name, name === kind || kind === 'value' ? '' : kind].filter(Boolean).join(', ') || kind
  if (kind === 'model') return [what]
  if (!groups) return [`${what}: ${[className, isObject(value) ? pairs(value) : short(value)].filter(Boolean).join(', ')}`]
  const steps = step === undefined ? 'no step yet' : `step ${step}`
  return [
    `${what}: ${[className, steps].filter(Boolean).join(', ')}`,
    ...groups.map(
      ({ params, param_names: _, ...options }, i) => `  group ${i}: ${(params as unknown[]).length} parameters, ${pairs(options)}`,
    ),
  ]
}

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null && !Array.isArray(value)

function table(file: string, { format, bytes, tensors, parts, metadata }: Inspection): string {
  const total = tensors.reduce((sum, tensor) => sum + tensor.bytes, 0)
  const rows = tensors.map(({ name, dtype, shape, bytes, file }) => [
    name,
    dtype,
    `[${shape.join(', ')}]`,
    shownBytes(bytes),
    ...(file ? [file] : []),
  ])
  const sections = [
    [`${file}: ${FORMATS[format]}, ${shownBytes(bytes)}`],
    rows.length ? [...aligned(rows, 'llrrl'), `${tensors.length} tensors, ${shownBytes(total)}`] : ['no tensors'],
    parts.flatMap(linesOf),
    Object.keys(metadata).length ? [`metadata: ${pairs(metadata)}`] : [],
  ]
  return sections
    .filter((lines) => lines.length)
    .map((lines) => lines.map(printable).join('\n'))
    .join('\n\n')
}

export async function inspectCommand(args: string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: { json: { type: 'boolean', default: false }, help: { type: 'boolean', short: 'h', default: false } },
  })
  if (values.help) {
    process.stdout.write(usage)
    return 0
  }
  const [file] = positionals
  check(file !== undefined && positionals.length === 1, 'data-invalid', `exactly one file must be given\n\n${usage}`)
  const found = withFile(file, inspect)
  process.stdout.write(values.json ? `${jsonOf({ file, ...found })}\n` : `${table(file, found)}\n`)
  return 0
}
