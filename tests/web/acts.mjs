/** What a visitor does: drops files, presses buttons and keys, saves files. */
import assert from 'node:assert'
import { mkdtempSync } from 'node:fs'
import { join } from 'node:path'
import { temporaryFolder } from '../runtimes/project.mjs'

let scratch

/** Creates a folder for a check, which is deleted at the end. */
export function ownFolder() {
  scratch ??= temporaryFolder('web')
  return mkdtempSync(join(scratch, 'check-'))
}

/** Drops a file on an element. */
export function drop(page, selector, name, content) {
  const bytes = typeof content === 'string' ? content : Array.from(content)
  return page.$eval(
    selector,
    (element, name, bytes) => {
      const transfer = new DataTransfer()
      transfer.items.add(new File([typeof bytes === 'string' ? bytes : new Uint8Array(bytes)], name))
      element.dispatchEvent(new DragEvent('drop', { dataTransfer: transfer, bubbles: true, cancelable: true }))
    },
    name,
    bytes,
  )
}

/** Presses a visible button. */
export async function press(page, text) {
  const isPressed = await page.evaluate((text) => {
    const button = [...document.querySelectorAll('main button')].find((one) => one.textContent === text && one.checkVisibility())
    button?.click()
    return Boolean(button)
  }, text)
  assert(isPressed, `there is no button ${text}`)
}

/** Waits for a text in an element. Returns all of its text. */
export async function textOf(page, selector, pattern) {
  const found = await page.waitForFunction(
    (selector, source) => {
      const text = document.querySelector(selector)?.textContent ?? ''
      return new RegExp(source).test(text) && text
    },
    { timeout: 30_000, polling: 50 },
    selector,
    pattern.source,
  )
  return found.jsonValue()
}

/** Presses Tab until the focused element fits. */
export async function tabTo(page, fits) {
  for (let i = 0; i < 60; i++) {
    await page.keyboard.press('Tab')
    if (await page.evaluate(`(${fits})(document.activeElement)`)) return
  }
  assert.fail(`Tab does not reach ${fits}`)
}

/** Keeps saved files in the page, because Firefox's driver cannot choose a folder for them. */
export const keepSaved = (page) =>
  page.evaluateOnNewDocument(() => {
    const blobs = new Map()
    const create = URL.createObjectURL
    URL.createObjectURL = (blob) => {
      const address = create(blob)
      blobs.set(address, blob)
      return address
    }
    globalThis.saved = []
    HTMLAnchorElement.prototype.click = function () {
      globalThis.saved.push({ name: this.download, blob: blobs.get(this.href) })
    }
  })

/** Presses a button and returns the file that it saves. */
export async function savedBy(page, text) {
  const before = await page.evaluate(() => globalThis.saved.length)
  await press(page, text)
  await page.waitForFunction((before) => globalThis.saved.length > before, { polling: 50 }, before)
  const { name, bytes } = await page.evaluate(async () => {
    const { name, blob } = globalThis.saved.at(-1)
    return { name, bytes: Array.from(new Uint8Array(await blob.arrayBuffer())) }
  })
  return { name, bytes: Uint8Array.from(bytes) }
}
