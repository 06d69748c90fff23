/** How contestants are started: scripts of contestants/ in Node, Python, or a page of Chromium. */
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { browsers, installed } from '../tests/runtimes/tools.mjs'
import { Contestant } from './contest.mjs'
import { node, python, versions } from './install.mjs'

const script = (name) => fileURLToPath(new URL(`contestants/${name}`, import.meta.url))

export const inNode = (title, name, ...args) => new Contestant(title, `Node ${versions.node24}`, node, script(name), ...args)

export const inPython = (title, version, ...args) => new Contestant(title, `Python ${version}`, python, script('pytorch.py'), ...args)

/** Returns a function like inNode for pages of Chromium; undefined if there is no Chromium or no driver for it. */
export function findChromium() {
  const chromium = installed('node_modules/puppeteer-core') && browsers.chromium()
  if (!chromium) return undefined
  const version = /\d+/.exec(spawnSync(chromium, ['--version'], { encoding: 'utf8' }).stdout)?.[0]
  return (title, name, options) =>
    new Contestant(title, `Chromium ${version}`, process.execPath, script('chromium.mjs'), name, JSON.stringify(options))
}

export const titles = {
  torch: `PyTorch ${versions.torch}`,
  tensorflow: `TensorFlow.js ${versions['@tensorflow/tfjs']} WASM`,
  jax: `jax-js ${versions['@jax-js/jax']} WASM`,
}
