/** The LaTeX of the declarations as MathML: as much of it as they use, which tests/host/surface-view.test.ts goes through. */

export interface MathNode {
  readonly tag: string
  readonly attributes: Readonly<Record<string, string>>
  readonly children: readonly (MathNode | string)[]
}

const node = (tag: string, children: readonly (MathNode | string)[], attributes: Readonly<Record<string, string>> = {}): MathNode => ({
  tag,
  attributes,
  children,
})

const letters: Readonly<Record<string, string>> = {
  alpha: 'α',
  beta: 'β',
  gamma: 'γ',
  delta: 'δ',
  epsilon: 'ϵ',
  eta: 'η',
  theta: 'θ',
  kappa: 'κ',
  lambda: 'λ',
  mu: 'μ',
  pi: 'π',
  rho: 'ρ',
  tau: 'τ',
  psi: 'ψ',
  infty: '∞',
  top: '⊤',
  max: 'max',
  min: 'min',
  cos: 'cos',
}

const signs: Readonly<Record<string, string>> = {
  cdot: '⋅',
  leftarrow: '←',
  to: '→',
  le: '≤',
  nabla: '∇',
  prod: '∏',
  lVert: '‖',
  rVert: '‖',
  lfloor: '⌊',
  rfloor: '⌋',
  '{': '{',
  '}': '}',
  '#': '#',
}

const spaces: Readonly<Record<string, string>> = { ',': '0.17em', ' ': '0.25em', quad: '1em', '!': '0em' }
const accents: Readonly<Record<string, string>> = { hat: '^', bar: '¯', tilde: '~' }
const plainSigns: Readonly<Record<string, string>> = { '-': '−', '*': '∗' }

/** An equation's parts that stand beside each other, apart by ,\quad: each can be on a line of its own. */
export function equationsOf(lines: readonly string[]): string[] {
  return lines.flatMap((line) => line.split(/,\\quad\s*/))
}

/** An expression in LaTeX as a <math> element. */
export function mathOf(latex: string): MathNode {
  const reader = new LatexReader(latex)
  const children = reader.sequence([])
  return node('math', children)
}

class LatexReader {
  #at = 0
  readonly #text: string

  constructor(text: string) {
    this.#text = text
  }

  #fail(what: string): Error {
    return new Error(`${what} at ${this.#at} of ${this.#text}`)
  }

  /** The next token without taking it: a command, or one character. */
  #peek(): string {
    while (/\s/.test(this.#text[this.#at] ?? '')) this.#at++
    return this.#text.slice(this.#at).match(/^(\\([a-zA-Z]+|.)|.)/s)?.[0] ?? ''
  }

  #take(): string {
    const token = this.#peek()
    this.#at += token.length
    return token
  }

  #expect(token: string): void {
    if (this.#take() !== token) throw this.#fail(`${token} is missing`)
  }

  /** Everything up to one of these tokens, which stays. */
  sequence(ends: readonly string[]): MathNode[] {
    const nodes: MathNode[] = []
    for (let token = this.#peek(); token !== '' && !ends.includes(token); token = this.#peek())
      nodes.push(this.#scripted(nodes.length === 0))
    if (ends.length && this.#peek() === '') throw this.#fail(`${ends[0]} is missing`)
    return nodes
  }

  #scripted(isFirst: boolean): MathNode {
    const base = this.#atom(isFirst)
    let [below, above]: (MathNode | undefined)[] = []
    for (let token = this.#peek(); token === '_' || token === '^'; token = this.#peek()) {
      this.#take()
      if (token === '_') below = this.#argument()
      else above = this.#argument()
    }
    if (below && above) return node('msubsup', [base, below, above])
    if (below) return node('msub', [base, below])
    return above ? node('msup', [base, above]) : base
  }

  /** A group, or a single digit, letter or command. */
  #argument(): MathNode {
    const token = this.#peek()
    if (token === '{') return this.#group()
    if (/\d/.test(token)) return node('mn', [this.#take()])
    return this.#atom(false)
  }

  #group(): MathNode {
    this.#expect('{')
    const inner = this.sequence(['}'])
    this.#expect('}')
    return inner.length === 1 ? inner[0]! : node('mrow', inner)
  }

  /** A group's text as it is written. */
  #raw(): string {
    this.#expect('{')
    const end = this.#text.indexOf('}', this.#at)
    if (end < 0) throw this.#fail('} is missing')
    const raw = this.#text.slice(this.#at, end)
    this.#at = end + 1
    return raw
  }

  #atom(isFirst: boolean): MathNode {
    const token = this.#peek()
    if (token === '{') return this.#group()
    if (/\d/.test(token)) {
      const digits = this.#text.slice(this.#at).match(/^\d+(\.\d+)?/)![0]
      this.#at += digits.length
      return node('mn', [digits])
    }
    this.#take()
    if (token.startsWith('\\')) return this.#command(token.slice(1))
    if (/[a-zA-Z]/.test(token)) return node('mi', [token])
    if (!/[-+*/=<>()[\]|,.:]/.test(token)) throw this.#fail(`${token} is not known`)
    const isSign = isFirst && token === '-'
    const attributes = /[()[\]|]/.test(token) ? { stretchy: 'false' } : isSign ? { form: 'prefix' } : {}
    return node('mo', [plainSigns[token] ?? token], attributes as Readonly<Record<string, string>>)
  }

  #command(name: string): MathNode {
    if (Object.hasOwn(letters, name)) return node('mi', [letters[name]!])
    if (Object.hasOwn(signs, name)) return node('mo', [signs[name]!], { stretchy: 'false' })
    if (Object.hasOwn(spaces, name)) return node('mspace', [], { width: spaces[name]! })
    if (Object.hasOwn(accents, name))
      return node('mover', [this.#argument(), node('mo', [accents[name]!], { stretchy: 'false' })], { accent: 'true' })
    switch (name) {
      case 'text':
        return node('mtext', [this.#raw().replace(/^ | $/g, '\u00a0')])
      case 'mathrm':
        return node('mi', [this.#raw()], { mathvariant: 'normal' })
      case 'frac':
      case 'tfrac':
        return node('mfrac', [this.#argument(), this.#argument()])
      case 'overline':
        // A line that fonts need not have: style.css draws it.
        return node('mrow', [this.#argument()], { class: 'overline' })
      case 'sqrt':
        return node('msqrt', [this.#argument()])
      case 'left':
        return this.#fenced()
      case 'begin':
        return this.#cases()
    }
    throw this.#fail(`\\${name} is not known`)
  }

  #fenced(): MathNode {
    const open = this.#take()
    const inner = this.sequence(['\\right'])
    this.#expect('\\right')
    return node('mrow', [node('mo', [open]), ...inner, node('mo', [this.#take()])])
  }

  #cases(): MathNode {
    const name = this.#raw()
    if (name !== 'cases') throw this.#fail(`{${name}} is not known`)
    const rows: MathNode[] = []
    let cells: MathNode[] = []
    for (;;) {
      cells.push(node('mtd', this.sequence(['&', '\\\\', '\\end'])))
      const end = this.#take()
      if (end === '&') continue
      rows.push(node('mtr', cells))
      cells = []
      if (end === '\\end') break
    }
    this.#raw()
    return node('mrow', [node('mo', ['{']), node('mtable', rows, { columnalign: 'left' })])
  }
}

/** It as an element of the page. */
export function mathElement({ tag, attributes, children }: MathNode): Element {
  const element = document.createElementNS('http://www.w3.org/1998/Math/MathML', tag)
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value)
  element.append(...children.map((child) => (typeof child === 'string' ? child : mathElement(child))))
  return element
}
