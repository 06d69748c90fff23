/** Typesets LaTeX as MathML at build time: for the documentation, and as a module for the page. */
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import katex from 'katex'

const host = fileURLToPath(new URL('../host/index.ts', import.meta.url))

/** LaTeX symbols of optimizer state, by torch's state keys. */
const stateSymbols = {
  exp_avg: 'm_t',
  exp_avg_sq: 'v_t',
  max_exp_avg_sq: '\\hat v_t',
  exp_inf: 'u_t',
  square_avg: 'v_t',
  acc_delta: 'a_t',
  grad_avg: 'h_t',
  momentum_buffer: 'b_t',
  prev: 'g_t',
  step_size: '\\eta_t',
  sum: 's_t',
  ax: '\\bar\\theta_t',
  eta: '\\eta_t',
  mu: '\\mu_t',
  mu_product: '\\prod_{i\\le t}\\mu_i',
  variance: 'V_t',
  row_var: 'R_t',
  col_var: 'C_t',
  d: 'd_k',
  t: 't_k',
}

/** LaTeX symbols of the other values that the page lists. */
const pageSymbols = {
  step: 't',
  lr: '\\gamma',
  parameter: '\\theta_t',
  loss: 'f(\\theta_t)',
  gradient: '\\nabla f(\\theta_{t-1})',
  update: '\\theta_t - \\theta_{t-1}',
}

/** Returns a `<math>` element. Throws on LaTeX that KaTeX does not know. */
export function mathml(latex) {
  // KaTeX splits an operator that is a whole subscript into two elements, which is invalid MathML.
  const named = latex.replace(/_\{\\(min|max)\}/g, '_{\\text{$1}}')
  const html = katex.renderToString(named, { displayMode: true, output: 'mathml', throwOnError: true, strict: 'error' })
  // The source and its wrapper would double the size.
  const [math] = html.match(/<math[\s\S]*<\/math>/)
  return math.replace(/<annotation[\s\S]*?<\/annotation>|<\/?semantics>| xmlns="[^"]*"/g, '')
}

/** Splits LaTeX at ",\quad", which gives each equation its own line. */
const equationsOf = (lines) => lines.flatMap((line) => line.split(/,\\quad\s*/))

/** Maps each optimizer and scheduler to the MathML of its declared equations. */
export async function declaredEquations() {
  const bundle = { entryPoints: [host], bundle: true, format: 'esm', write: false, outdir: '.' }
  const [{ text }] = (await build(bundle)).outputFiles
  const exported = await import(`data:text/javascript;base64,${Buffer.from(text).toString('base64')}`)
  const declared = Object.entries(exported).filter(([, value]) => value?.declaration?.math)
  return Object.fromEntries(declared.map(([name, { declaration }]) => [name, equationsOf([declaration.math].flat()).map(mathml)]))
}

const mapped = (symbols) => Object.fromEntries(Object.entries(symbols).map(([name, latex]) => [name, mathml(latex)]))

/** Finds the LaTeX of declarations in a syntax tree: objects' `math: doc`…`` or `math: [doc`…`, …]`. */
function* declaredMath(node) {
  if (typeof node !== 'object' || node === null) return
  const isDoc = ({ type }) => type === 'TaggedTemplateExpression'
  const { type, key, value } = node
  if (type === 'Property' && key.name === 'math' && [value.elements ?? value].flat().every(isDoc)) yield value
  else for (const child of Object.values(node)) yield* declaredMath(child)
}

/**
 * Rollup plugin: provides `import { equations, symbols } from 'virtual:equations'`, and drops the LaTeX that these replace. It follows the
 * plugin that compiles TypeScript.
 */
export const equations = {
  name: 'equations',
  resolveId: (source) => (source === 'virtual:equations' ? '\0equations' : null),
  async load(id) {
    if (id !== '\0equations') return null
    const values = { equations: await declaredEquations(), symbols: mapped({ ...stateSymbols, ...pageSymbols }) }
    return Object.entries(values)
      .map(([name, value]) => `export const ${name} = ${JSON.stringify(value)}`)
      .join('\n')
  },
  transform(code, id) {
    if (!id.startsWith(dirname(host))) return null
    const spans = [...declaredMath(this.parse(code))].reverse()
    return { code: spans.reduce((text, { start, end }) => `${text.slice(0, start)}[]${text.slice(end)}`, code), map: null }
  },
}
