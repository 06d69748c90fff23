/**
 * Entry `downhill` for Node, Deno and Bun: the exports of index.ts, with objects that print as torch prints its own. Browsers do not call
 * the method that this adds, so their entry leaves it out.
 */

import { LRScheduler } from '../lr_scheduler/scheduler.ts'
import { Memory } from '../memory/memory.ts'
import { Parameter, Tensor } from '../memory/tensor.ts'
import { Module } from '../nn/module.ts'
import { Optimizer } from '../optimizer/optimizer.ts'
import { isObject } from '../validation/errors.ts'
import { tensorText } from './tensor.ts'
import { fieldsText, treeText } from './tree.ts'

export * from '../index.ts'

/** The method that `console.log` calls. */
const inspect = Symbol.for('nodejs.util.inspect.custom')

function printAs<T>({ prototype }: { readonly prototype: T }, text: (object: T) => string): void {
  Object.defineProperty(prototype, inspect, {
    configurable: true,
    writable: true,
    value(this: T) {
      return text(this)
    },
  })
}

/** Returns a module's own fields: options one by one, and tensors as their shapes. */
function fieldsOf(module: Module): object {
  const { training: _, ...own } = module
  const isOptions = (value: unknown) => isObject(value) && Object.getPrototypeOf(value) === Object.prototype
  const entries = Object.entries(own).flatMap(([name, value]) =>
    isOptions(value) ? Object.entries(value as object) : [[name, value instanceof Tensor ? value.shape : value]],
  )
  return Object.fromEntries(entries)
}

function moduleText(module: Module): string {
  const children = [...module.namedChildren()].map(([name, child]) => [name, moduleText(child)] as const)
  return treeText(module.constructor.name, fieldsText(fieldsOf(module)), children)
}

const sizeOf = (parameters: Iterable<Parameter>) => [...parameters].reduce((sum, { size }) => sum + size, 0)

printAs(Tensor, tensorText)
printAs(Parameter, (parameter) => `Parameter containing:\n${tensorText(parameter)}`)
printAs(Module, (module) => `${moduleText(module)}, ${sizeOf(module.parameters())} parameters`)
printAs<Optimizer<object>>(Optimizer, ({ className, paramGroups }) => {
  const groups = paramGroups.map(({ params, paramNames: _, ...options }, i) => {
    return [String(i), `${params.length} parameters of ${sizeOf(params)} numbers, ${fieldsText(options)}`] as const
  })
  return treeText(className, '', groups)
})
printAs(LRScheduler, (scheduler) => treeText(scheduler.className, fieldsText({ lr: scheduler.getLastLr(), ...scheduler }), []))
printAs(Memory, (arena) => `Arena(${arena.disposed ? 'disposed' : `bytes: ${fieldsText(arena.usage())}`})`)
