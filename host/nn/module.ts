import { Parameter, type Tensor } from '../tensor.ts'

/**
 * A part of a model. A module of your own is a class with a `forward`; what it holds in fields is found by itself, in the order of the
 * fields, under torch's names ('0.weight', 'layers.1.bias').
 *
 * @example
 * class Perceptron extends nn.Module {
 *   constructor(arena) {
 *     super()
 *     this.hidden = new nn.Linear(arena, 4, 8)
 *     this.out = new nn.Linear(arena, 8, 1)
 *   }
 *   forward(x) {
 *     return this.out.forward(nn.functional.tanh(this.hidden.forward(x)))
 *   }
 * }
 */
export abstract class Module {
  abstract forward(x: Tensor): Tensor

  /** Parameters with their names, this module's own first and then those of the modules in it. */
  *namedParameters(prefix = ''): IterableIterator<[string, Parameter]> {
    for (const [name, value] of Object.entries(this)) if (value instanceof Parameter) yield [prefix + name, value]
    for (const [name, child] of this.namedChildren()) yield* child.namedParameters(`${prefix}${name}.`)
  }

  /** Parameters, in the same order. */
  *parameters(): IterableIterator<Parameter> {
    for (const [, parameter] of this.namedParameters()) yield parameter
  }

  /** The modules it holds itself. */
  *namedChildren(): IterableIterator<[string, Module]> {
    for (const [name, value] of Object.entries(this)) if (value instanceof Module) yield [name, value]
  }
}
