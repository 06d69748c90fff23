/** Parses typed functions of x and y and differentiates them. The page's policy forbids code from text, so a parser evaluates them. */
import { cosPi, exp, log, pow } from '../../host/numerics/portable.ts'

/** Error of an invalid expression, with its position. */
export class ExpressionError extends Error {
  readonly position: number
  constructor(position: number, why: string) {
    super(`${why}, at character ${position + 1}`)
    this.position = position
  }
}

/** A value and its derivatives by the variables (a dual number). */
interface Dual {
  readonly value: number
  readonly slopes: readonly [number, number]
}

type Point = ArrayLike<number>

interface Part {
  value(at: Point): number
  dual(at: Point): Dual
}

export interface Expression {
  value(at: Point): number
  /** Returns the derivatives by the variables. */
  gradient(at: Point): [number, number]
}

const sin = (x: number) => cosPi(x / Math.PI - 0.5)
const cos = (x: number) => cosPi(x / Math.PI)
const tanh = (x: number) => {
  if (Math.abs(x) > 20) return Math.sign(x)
  const e = exp(2 * x)
  return (e - 1) / (e + 1)
}

/** Functions and their derivatives, bit-identical in every engine. */
const functions: Readonly<Record<string, readonly [of: (x: number) => number, slope: (x: number) => number]>> = {
  sin: [sin, cos],
  cos: [cos, (x) => -sin(x)],
  exp: [exp, exp],
  log: [log, (x) => 1 / x],
  sqrt: [Math.sqrt, (x) => 0.5 / Math.sqrt(x)],
  abs: [Math.abs, Math.sign],
  tanh: [tanh, (x) => 1 - tanh(x) * tanh(x)],
}

const constants: Readonly<Record<string, number>> = { pi: Math.PI, e: Math.E }
const LONGEST = 400

type Slope = (a: Dual, b: Dual, axis: 0 | 1) => number
const binary: Readonly<Record<string, readonly [of: (a: number, b: number) => number, slope: Slope]>> = {
  '+': [(a, b) => a + b, (a, b, axis) => a.slopes[axis] + b.slopes[axis]],
  '-': [(a, b) => a - b, (a, b, axis) => a.slopes[axis] - b.slopes[axis]],
  '*': [(a, b) => a * b, (a, b, axis) => a.slopes[axis] * b.value + a.value * b.slopes[axis]],
  '/': [(a, b) => a / b, (a, b, axis) => (a.slopes[axis] - (a.value / b.value) * b.slopes[axis]) / b.value],
  '^': [pow, powerSlope],
}

/** A constant base or exponent contributes 0, even where the logarithm of a negative base is NaN. */
function powerSlope(a: Dual, b: Dual, axis: 0 | 1): number {
  const ofBase = a.slopes[axis] === 0 ? 0 : b.value * pow(a.value, b.value - 1) * a.slopes[axis]
  const ofPower = b.slopes[axis] === 0 ? 0 : pow(a.value, b.value) * log(a.value) * b.slopes[axis]
  return ofBase + ofPower
}

function joined(sign: string, left: Part, right: Part): Part {
  const [of, slope] = binary[sign]!
  return {
    value: (at) => of(left.value(at), right.value(at)),
    dual(at) {
      const [a, b] = [left.dual(at), right.dual(at)]
      return { value: of(a.value, b.value), slopes: [slope(a, b, 0), slope(a, b, 1)] }
    },
  }
}

function applied(name: string, inner: Part): Part {
  const [of, slope] = functions[name]!
  return {
    value: (at) => of(inner.value(at)),
    dual(at) {
      const { value, slopes } = inner.dual(at)
      const steep = slope(value)
      const along = (axis: 0 | 1) => (slopes[axis] === 0 ? 0 : steep * slopes[axis])
      return { value: of(value), slopes: [along(0), along(1)] }
    },
  }
}

const constant = (value: number): Part => ({ value: () => value, dual: () => ({ value, slopes: [0, 0] }) })
const variable = (index: number): Part => ({
  value: (at) => at[index]!,
  dual: (at) => ({ value: at[index]!, slopes: [index === 0 ? 1 : 0, index === 1 ? 1 : 0] }),
})

/** Parses an expression of these variables, at most two. */
export function parseExpression(text: string, variables: readonly string[] = ['x', 'y']): Expression {
  if (text.length > LONGEST) throw new ExpressionError(LONGEST, `The expression must have at most ${LONGEST} characters`)
  const reader = new Reader(text, variables)
  const whole = reader.sum()
  reader.end()
  return { value: (at) => whole.value(at), gradient: (at) => [...whole.dual(at).slopes] }
}

class Reader {
  #at = 0
  readonly #text: string
  readonly #variables: readonly string[]

  constructor(text: string, variables: readonly string[]) {
    this.#text = text
    this.#variables = variables
  }

  #next(): string {
    while (/\s/.test(this.#text[this.#at] ?? '')) this.#at++
    return this.#text[this.#at] ?? ''
  }

  #takes(signs: string): string | undefined {
    const sign = this.#next()
    if (sign === '' || !signs.includes(sign)) return undefined
    this.#at++
    return sign
  }

  sum(): Part {
    let left = this.#product()
    for (let sign = this.#takes('+-−'); sign; sign = this.#takes('+-−')) left = joined(sign === '+' ? '+' : '-', left, this.#product())
    return left
  }

  #product(): Part {
    let left = this.#signed()
    for (let sign = this.#takes('*/·'); sign; sign = this.#takes('*/·')) left = joined(sign === '/' ? '/' : '*', left, this.#signed())
    return left
  }

  /** A power binds more tightly than a sign before it, and allows one after it: −x^2, 2^−x. */
  #signed(): Part {
    if (this.#takes('+')) return this.#signed()
    if (this.#takes('-−')) return joined('-', constant(0), this.#signed())
    const base = this.#atom()
    return this.#takes('^') ? joined('^', base, this.#signed()) : base
  }

  #atom(): Part {
    const sign = this.#next()
    const rest = this.#text.slice(this.#at)
    const digits = rest.match(/^(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?/)?.[0]
    if (digits) {
      this.#at += digits.length
      return constant(Number(digits))
    }
    const name = rest.match(/^[a-zA-Z]+/)?.[0]
    if (name) return this.#named(name)
    if (this.#takes('(')) return this.#closed(this.#at - 1)
    if (sign === '') throw new ExpressionError(this.#at, 'Expected a number, a variable or (')
    throw new ExpressionError(this.#at, `Expected a number, a variable or (, got ‘${sign}’`)
  }

  #named(name: string): Part {
    const from = this.#at
    this.#at += name.length
    if (this.#variables.includes(name)) return variable(this.#variables.indexOf(name))
    if (Object.hasOwn(constants, name)) return constant(constants[name]!)
    if (!Object.hasOwn(functions, name)) {
      const known = [...this.#variables, ...Object.keys(constants), ...Object.keys(functions)].join(', ')
      throw new ExpressionError(from, `Unknown name ‘${name}’ (known: ${known})`)
    }
    if (!this.#takes('(')) throw new ExpressionError(this.#at, `Missing ( after ${name}`)
    return applied(name, this.#closed(this.#at - 1))
  }

  #closed(from: number): Part {
    const inner = this.sum()
    if (this.#takes(')')) return inner
    if (this.#next() === '') throw new ExpressionError(from, 'Unclosed (')
    throw this.#unexpected()
  }

  end(): void {
    if (this.#next() !== '') throw this.#unexpected()
  }

  #unexpected(): ExpressionError {
    const sign = this.#next()
    if (sign === ')') return new ExpressionError(this.#at, 'Unmatched )')
    const isOperand = /[\w.(]/.test(sign)
    return new ExpressionError(
      this.#at,
      isOperand ? `Missing operator before ‘${sign}’ (write products with *)` : `Unknown character ‘${sign}’`,
    )
  }
}
