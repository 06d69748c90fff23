/** Modules and losses over autograd: `import * as nn from 'downhill/nn'`. */
export * as functional from '../autograd/functions.ts'
export { noGrad } from '../autograd/functions.ts'
export { type LayerOptions, Linear, ReLU, Sequential, Tanh } from './layers.ts'
export { Module } from './module.ts'
