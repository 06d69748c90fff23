/**
 * An asc transform. It generates the WebAssembly exports, and the host's types of them, from
 *
 *   the rules in assembly/rules             one kernel per combination of a rule's flags and element type: Adam_amsgrad_decay_f32 …
 *   the re-exports of assembly/index.ts     a function generic over E as gemm_f32 and gemm_f64, other functions under their own name, a
 *                                           class that extends Elementwise (assembly/map.ts) as the map over it: Relu as
 *                                           relu_f32(bytes, out, x)
 *
 * It also gives every `step` of a rule the full signature of `Rule.step`, so that a rule declares only the addresses and uniforms it uses, and
 * inlines it, because asc and Binaryen otherwise call longer steps from inside the loop.
 * The host uses the names of its parameters for uniforms and state; a misspelled name does not compile.
 */

import { Node, NodeKind } from 'assemblyscript/dist/assemblyscript.js'
import { Transform } from 'assemblyscript/transform'

const ENTRY = 'assembly/index'
const RULES = 'assembly/rules/'

const typeOf = (node) => node.name.identifier.text
const parametersOf = (fn) => fn.signature.parameters
const lowerFirst = (name) => name[0].toLowerCase() + name.slice(1)
const named = (parameters) => parameters.map((p) => p.name.text)
const used = (parameters) => named(parameters).filter((name) => !name.startsWith('_'))

function methodOf(node, name) {
  return node.members.find((member) => member.kind === NodeKind.MethodDeclaration && member.name.text === name)
}

function inlined(method) {
  method.decorators = [Node.createDecorator(Node.createIdentifierExpression('inline', method.range), null, method.range)]
  return method
}

const extendsClass = (node, name) => node.kind === NodeKind.ClassDeclaration && node.extendsType && typeOf(node.extendsType) === name
const isRule = (node) => extendsClass(node, 'Rule')

/** Splits a step's parameters into addresses and uniforms. */
function split(parameters) {
  const addresses = parameters.filter((p) => typeOf(p.type) === 'usize')
  return { addresses, uniforms: parameters.slice(addresses.length) }
}

/** Every subset of the flags, the empty one first. */
function combinations(flags) {
  return flags.reduce((sets, flag) => sets.flatMap((set) => [set, [...set, flag]]), [[]])
}

export default class Kernels extends Transform {
  afterParse(parser) {
    const find = (path) => parser.sources.find((source) => source.internalPath === path)
    const base = parser.sources.flatMap((source) => source.statements).find((node) => node.name?.text === 'Rule')
    if (base) this.#completeSteps(parser, split(parametersOf(methodOf(base, 'step'))))
    const entry = find(ENTRY)
    if (entry) this.#exportAll(parser, entry, find)
  }

  #completeSteps(parser, full) {
    for (const source of parser.sources) {
      for (const rule of source.statements.filter(isRule)) {
        const parameters = parametersOf(inlined(methodOf(rule, 'step')))
        const { addresses, uniforms } = split(parameters)
        rule.declared = { addresses: used(addresses), uniforms: used(uniforms) }
        parameters.splice(
          0,
          parameters.length,
          ...addresses,
          ...full.addresses.slice(addresses.length),
          ...uniforms,
          ...full.uniforms.slice(uniforms.length),
        )
      }
    }
  }

  #exportAll(parser, entry, find) {
    const lines = ["import { On, Off } from './lanes'", "import { map as _map } from './map'", "import { sweep } from './sweep'"]
    const rules = []
    const generic = []
    const plain = []
    for (const source of parser.sources.filter(({ internalPath }) => internalPath.startsWith(RULES))) {
      for (const rule of source.statements.filter(isRule)) {
        lines.push(`import { ${rule.name.text} } from './rules/${source.internalPath.slice(RULES.length)}'`)
        rules.push(this.#rule(rule, lines))
      }
    }
    for (const statement of entry.statements.filter((node) => node.kind === NodeKind.Export)) {
      for (const { localName } of statement.members) {
        const name = localName.text
        const source = find(statement.internalPath)
        const node = source?.statements.find((declaration) => declaration.name?.text === name)
        if (!node) throw new Error(`${ENTRY}.ts: nothing called ${name} in ${statement.path.value}`)
        lines.push(`import { ${name} as _${name} } from '${statement.path.value}'`)
        if (extendsClass(node, 'Elementwise')) generic.push(this.#elementwise(node, lines))
        else (node.typeParameters?.length ? generic : plain).push(this.#function(node, lines))
      }
    }
    entry.statements.length = 0
    parser.parseFile(lines.join('\n'), 'assembly/exports.ts', true)
    this.hostTypes = hostTypes(rules, generic, plain)
    this.parameters = hostParameters([...generic, ...plain])
  }

  #rule(node, lines) {
    const flags = named(node.typeParameters ?? [])
    for (const element of ['f32', 'f64']) {
      for (const set of combinations(flags)) {
        const type = flags.length ? `<${flags.map((flag) => (set.includes(flag) ? 'On' : 'Off'))}>` : ''
        const name = [node.name.text, ...set.map(lowerFirst), element].join('_')
        lines.push(
          `export function ${name}(spans: usize, count: usize, uniforms: usize): void { sweep<${node.name.text}${type}, ${element}>(spans, count, uniforms) }`,
        )
      }
    }
    const { addresses, uniforms } = node.declared
    return { name: node.name.text, flags: flags.map(lowerFirst), state: addresses.slice(2), uniforms }
  }

  /** Exports the map over an elementwise function, with the addresses x, y, z and the two numbers that it uses. */
  #elementwise(node, lines) {
    const name = lowerFirst(node.name.text)
    const all = parametersOf(inlined(methodOf(node, 'at')))
    const parameters = all.filter((p) => !p.name.text.startsWith('_'))
    const declared = parameters.map((p) => `, ${p.name.text}: ${typeOf(p.type) === 'usize' ? 'usize' : 'f64'}`).join('')
    const passed = all.map((p) => (parameters.includes(p) ? p.name.text : '0')).join(', ')
    for (const element of ['f32', 'f64']) {
      lines.push(
        `export function ${name}_${element}(bytes: usize, out: usize${declared}): void { _map<_${node.name.text}, ${element}>(bytes, out, ${passed}) }`,
      )
    }
    const given = [['bytes', 'usize'], ['out', 'usize'], ...parameters.map((p) => [p.name.text, typeOf(p.type)])]
    return { name, parameters: given, result: 'void' }
  }

  #function(node, lines) {
    const name = node.name.text
    const parameters = parametersOf(node)
    const declared = parameters.map((p) => `${p.name.text}: ${typeOf(p.type)}`).join(', ')
    const result = typeOf(node.signature.returnType)
    const call = (suffix, type) =>
      lines.push(
        `export function ${name}${suffix}(${declared}): ${result} { ${result === 'void' ? '' : 'return '}_${name}${type}(${named(parameters)}) }`,
      )
    if (node.typeParameters?.length) for (const element of ['f32', 'f64']) call(`_${element}`, `<${element}>`)
    else call('', '')
    return { name, parameters: parameters.map((p) => [p.name.text, typeOf(p.type)]), result: result === 'void' ? 'void' : 'number' }
  }
}

const list = (names) => `[${names.map((name) => `'${name}'`).join(', ')}]`

/** The names of every kernel's parameters, for threads. */
function hostParameters(kernels) {
  const maps = kernels.filter(({ parameters }) => parameters[0]?.[0] === 'bytes')
  const arrays = ({ parameters }) => parameters.slice(1).filter(([, type]) => type === 'usize')
  const lines = (some, of) => some.map((kernel) => `  ${kernel.name}: ${list(of(kernel).map(([name]) => name))},\n`).join('')
  return `// Written by tools/kernels.mjs from the signatures in assembly/.

/** Names of the kernels' parameters, in order. */
export const parameters = {
${lines(kernels, ({ parameters }) => parameters)}} as const

/** Names of the arrays of the kernels that are maps over a number of bytes. */
export const arrays = {
${lines(maps, arrays)}} as const
`
}

function hostTypes(rules, generic, plain) {
  const signature = ({ name, parameters, result }) => `  ${name}(${parameters.map(([p]) => `${p}: number`).join(', ')}): ${result}\n`
  const members = (kernels) => kernels.map(signature).join('')
  return `// Written by tools/kernels.mjs from the signatures in assembly/.

/** The update rules: flags and names in the order of their kernels' parameters. */
${rules.map((r) => `export const ${r.name} = { name: '${r.name}', flags: ${list(r.flags)}, state: ${list(r.state)}, uniforms: ${list(r.uniforms)} } as const\n`).join('')}
export const rules = { ${rules.map((r) => r.name).join(', ')} } as const

/** Kernels that exist for each element type, as NAME_f32 and NAME_f64. Addresses and counts are numbers. */
export interface ElementKernels {
${members(generic)}}

/** Kernels that exist once. */
export interface PlainKernels {
${members(plain)}}
`
}
