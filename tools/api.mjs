/** The public API in the declaration files of dist/types: the exports of each entry, their members and their docstrings. */
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** @typedef {{ text: string, examples: string[], throws: string[], params: string[] }} Doc */

const root = fileURLToPath(new URL('../dist/types/', import.meta.url))
const read = (file) => readFileSync(join(root, file), 'utf8')
const beside = (file, path) => join(dirname(file), path).replace(/\.ts$/, '.d.ts')

/** Maps each exported name of a file to the file that declares it. */
function exportsOf(file) {
  const text = read(file)
  const found = []
  for (const [, name] of text.matchAll(/^export (?:declare |abstract )*(?:class|function|const|interface|type) (\w+)/gm))
    found.push({ name, file })
  for (const [, names, path] of text.matchAll(/^export (?:type )?\{([^}]*)\} from '([^']*)'/gm)) {
    for (const entry of names.split(',').filter((part) => part.trim())) {
      const name = entry.trim().replace(/^type /, '')
      const declared = exportsOf(beside(file, path)).find((candidate) => candidate.name === name)
      if (!declared) throw new Error(`${file} exports ${name}, but ${path} has no declaration of it that tools/api.mjs can read`)
      found.push(declared)
    }
  }
  for (const [, as, path] of text.matchAll(/^export \*(?: as (\w+))? from '([^']*)'/gm)) {
    found.push(...exportsOf(beside(file, path)).map((entry) => (as ? { ...entry, within: as } : entry)))
  }
  return found
}

/** Parses a comment. */
function parseDoc(comment) {
  if (!comment) return undefined
  const plain = comment.replace(/^\s*\/\*\*\s?|\s*\*\/\s*$/g, '').replace(/^[ \t]*\* ?/gm, '')
  const [text, ...tags] = plain.split(/^@(?=\w)/m)
  const tagged = (tag) =>
    tags.filter((part) => part.startsWith(`${tag} `) || part.startsWith(`${tag}\n`)).map((part) => part.slice(tag.length).trim())
  return { text: text.trim(), examples: tagged('example'), throws: tagged('throws'), params: tagged('param'), returns: tagged('returns') }
}

const COMMENT = String.raw`(?:(\/\*\*(?:(?!\*\/)[\s\S])*\*\/)\n *)?`

/** Returns the members of a declaration that users see. */
function membersOf(body) {
  const members = []
  const pattern = new RegExp(String.raw`^    ${COMMENT}(?! )([^\n]*\{\n[\s\S]*?\n {4}\}[^\n]*|[^\n]*(?:\n {5,}[^\n]*)*;)$`, 'gm')
  for (const [, comment, code] of body.matchAll(pattern)) {
    if (/^(?:#private|protected|private|\[dispose\]|\/\*\*)/.test(code) || /^(?:static readonly declaration|constructor)\b/.test(code))
      continue
    const name = code.match(/^(?:static |readonly |abstract |get |set |\*)*\[?([\w.]+)\]?/)?.[1]
    if (name) members.push({ name, code: code.replace(/;$/, ''), doc: parseDoc(comment) })
  }
  return members
}

/** Returns a declaration in a file: { kind, base, code, doc, members }. */
function declarationOf(file, name) {
  const body = String.raw`(?:[^\n]*;|[^\n]*\n(?: [^\n]*\n)*(?:[^ \n][^\n]*\{\n(?: [^\n]*\n)*)?\}?[^ \n]*[^\n]*)$`
  const start = String.raw`^(?:export )?(?:declare )?((?:abstract )?(class|function|const|interface|type) ${name}\b`
  const found = read(file).match(new RegExp(`${COMMENT}${start}${body})`, 'm'))
  if (!found) throw new Error(`${file} has no declaration of ${name} that tools/api.mjs can read`)
  const [, comment, code, kind] = found
  const members = /^(?:class|interface)$/.test(kind) ? membersOf(code) : []
  return { kind, base: code.match(/^(?:abstract )?class \w+(?:<.*?>)? extends (\w+)/)?.[1], code, doc: parseDoc(comment), members }
}

/** Returns the file that declares a name used in a file. */
function declaringFile(file, name) {
  const [, path] = read(file).match(new RegExp(String.raw`^import (?:type )?\{[^}]*\b${name}\b[^}]*\} from '([^']*)'`, 'm')) ?? []
  return path ? beside(file, path) : file
}

/** Returns a class with the members of its unexported bases. */
function withHiddenBases(declaration, file, exported) {
  const { base, kind } = declaration
  if (kind !== 'class' || !base || exported.has(base)) return declaration
  const baseFile = declaringFile(file, base)
  const parent = withHiddenBases(declarationOf(baseFile, base), baseFile, exported)
  return { ...declaration, base: parent.base, members: [...declaration.members, ...parent.members] }
}

/** Returns all exports of an entry: { name, within, kind, base, code, doc, members }. */
export function api(entry) {
  const exported = new Set(['Error', ...Object.values(entries).flatMap((file) => exportsOf(file).map(({ name }) => name))])
  return exportsOf(entry).map(({ name, file, within }) => ({ name, within, ...withHiddenBases(declarationOf(file, name), file, exported) }))
}

export const entries = {
  downhill: 'index.d.ts',
  'downhill/nn': 'nn/index.d.ts',
  'downhill/compare': 'compare/index.d.ts',
  'downhill/io': 'io/index.d.ts',
  'downhill/tables': 'tables/index.d.ts',
  'downhill/fs': 'io/opfs.d.ts',
}

/** Whether a member needs a docstring. Plain fields are described by name and type; options, methods and accessors are not. */
const speaksForItself = ({ code }) => /^(?:static )?(?:readonly )?\w+: /.test(code)

/** Whether a declaration is a set of options, which need a sentence each. */
const isDeclared = ({ code }) => /= Values<typeof options>;$/.test(code)

/** Returns the names without a docstring. Members may inherit one from the member they override. */
export function undocumented() {
  const all = Object.entries(entries).flatMap(([entry, file]) => api(file).map((symbol) => ({ entry, ...symbol })))
  const inherited = (name, base) => {
    const parent = all.find((candidate) => candidate.name === base)
    return parent && (parent.members.some((member) => member.name === name && member.doc) || inherited(name, parent.base))
  }
  return all.flatMap((symbol) => {
    const { entry, name, doc, members, base } = symbol
    const said = new Set(members.filter((member) => member.doc?.text).map((member) => member.name))
    const bare = members.filter(
      (member) => !said.has(member.name) && !speaksForItself(member) && member.name !== 'dispose' && !inherited(member.name, base),
    )
    return [...(doc?.text || isDeclared(symbol) ? [] : [`${entry}: ${name}`]), ...bare.map((member) => `${entry}: ${name}.${member.name}`)]
  })
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const missing = undocumented()
  for (const name of missing) console.error(`${name} has no docstring`)
  process.exitCode = missing.length ? 1 : 0
}
