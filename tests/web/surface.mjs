/** The view "Surfaces" in a browser: every optimizer on every surface, links, expressions, ranges, keyboard, accessibility, motion. */
import assert from 'node:assert'
import { assertAccessible, needsOf, visit } from './visit.mjs'

const surfaces = ['rosenbrock', 'quadratic', 'beale', 'himmelblau', 'rastrigin', 'saddle', 'typed']
const optimizers = [
  'SGD',
  'Adam',
  'AdamW',
  'NAdam',
  'RAdam',
  'Adamax',
  'Adagrad',
  'Adadelta',
  'Adafactor',
  'RMSprop',
  'Rprop',
  'ASGD',
  'SparseAdam',
  'Muon',
  'LBFGS',
]

/** Runs in the page. Returns the rows of its table. */
function ways() {
  return [...document.querySelectorAll('.ways tbody tr')].map(({ dataset, textContent }) => ({
    place: dataset.place,
    problem: dataset.problem,
    text: textContent,
  }))
}

/** Runs in the page. Returns pairs of names on the plot that overlap. */
function overlaps() {
  const boxes = JSON.parse(document.querySelector('.plot').dataset.labels)
  const apart = (a, b) => a.x + a.width <= b.x || b.x + b.width <= a.x || a.y + a.height <= b.y || b.y + b.height <= a.y
  return boxes.flatMap((a, i) => boxes.slice(i + 1).flatMap((b, j) => (apart(a, b) ? [] : [`${i} and ${i + 1 + j}`])))
}

const arrived = (page, at) =>
  page.waitForFunction(
    (at) => {
      const { dataset, ariaBusy } = document.querySelector('.surface') ?? { dataset: {} }
      return dataset.at === String(at) && ariaBusy === 'false'
    },
    { timeout: 20_000, polling: 50 },
    at,
  )

/** Sets a control's value like typing. */
const type = (page, selector, text) =>
  page.$eval(
    selector,
    (field, text) => {
      field.value = text
      field.dispatchEvent(new Event(field.tagName === 'SELECT' ? 'change' : 'input', { bubbles: true }))
    },
    text,
  )

/** Returns a check of the view. `body` gets the page, and a function that opens the view again. */
function check(address, browser, name, body) {
  const run = () =>
    visit(browser, `${address}/index.html#/surface`, (page) => {
      const open = async (query = '', { at = 0 } = {}) => {
        await page.goto('about:blank')
        await page.goto(`${address}/index.html#/surface${query && `?${query}`}`)
        await page.waitForSelector('.surface')
        if (query) await arrived(page, at)
      }
      return body(page, Object.assign(open, { address }))
    })
  return { name: `surface in ${browser}: ${name}`, needs: needsOf(browser), run }
}

const press = (page, title) =>
  page.evaluate(
    (title) => [...document.querySelectorAll('.transport button')].find(({ textContent }) => textContent === title).click(),
    title,
  )

/** Where every optimizer ended on each surface, in the first browser. The other browsers must end at the same bits. */
const places = new Map()

async function everyOptimizer(page, open) {
  await open('f=rosenbrock&steps=150')
  for (let i = 0; i < optimizers.length; i++) {
    await page.click('#add-optimizer')
    await type(page, `#racer-${i + 1}-optimizer`, optimizers[i])
  }
  await type(page, '#speed', '1000')
  // Each optimizer starts with the options suggested for the surface.
  for (const surface of [...surfaces.slice(1), surfaces[0]]) {
    await press(page, 'Reset')
    await type(page, '#surface-kind', surface)
    await arrived(page, 0)
    await press(page, 'Play')
    await arrived(page, 150)
    const found = await page.evaluate(ways)
    const expected = optimizers.map((name) => ({ name, problem: '' }))
    assert.deepEqual(
      found.map(({ problem }, i) => ({ name: optimizers[i], problem })),
      expected,
      surface,
    )
    const own = found.map(({ place }) => place)
    if (!places.has(surface)) places.set(surface, own)
    assert.deepEqual(own, places.get(surface), surface)
    assert(new Set(found.map(({ place }) => place)).size > 10, surface)
    assert.deepEqual(await page.evaluate(overlaps), [], surface)
  }
}

async function sameByLink(page, open) {
  await open()
  await type(page, '#surface-kind', 'quadratic')
  await type(page, '#condition', '37.5')
  await type(page, '#start-x', '-0.7')
  await type(page, '#racer-2-betas-1', '0.85')
  await type(page, '#racer-2-schedule', 'CosineAnnealingWarmRestarts')
  await type(page, '#steps', '120')
  await page.evaluate(() => {
    const play = document.querySelector('.play')
    if (play.textContent === 'Pause') play.click()
  })
  await type(page, '#speed', '1000')
  await page.evaluate(() => document.querySelector('.play').click())
  await arrived(page, 120)
  await press(page, 'Copy link')
  const [hash, before] = [await page.evaluate(() => location.hash), await page.evaluate(ways)]
  assert.match(hash, /condition=37\.5.*betas:0\.85~0\.999~;CosineAnnealingWarmRestarts,t0:/)
  await open(hash.split('?')[1], { at: 120 })
  assert.deepEqual(await page.evaluate(ways), before)
  assert.equal(await page.evaluate(() => location.hash), hash)
  // Opens another link while the view is open.
  await page.evaluate(() => {
    location.hash = '#/surface?f=saddle&at=7&o=Adam,lr:0.25'
  })
  await arrived(page, 7)
  assert.equal((await page.evaluate(ways)).length, 1)
  return hash
}

async function typedFunction(page, open) {
  await open('f=typed&o=Adam,lr:0.1&at=50', { at: 50 })
  const error = () => page.$eval('#surface-error', (said) => (said.hidden ? '' : said.textContent))
  const before = await page.evaluate(ways)
  await type(page, '#expression', 'x^2 + cos(3*y)')
  await arrived(page, 50)
  const after = await page.evaluate(ways)
  assert.notEqual(after[0].place, before[0].place)
  assert.equal(await error(), '')
  await type(page, '#expression', 'x^2 + foo(y)')
  assert.equal(await error(), 'Unknown name ‘foo’ (known: x, y, pi, e, sin, cos, exp, log, sqrt, abs, tanh), at character 7')
  assert.deepEqual(await page.evaluate(ways), after)
  await type(page, '#expression', '(x^2 + cos(3*y)')
  assert.equal(await error(), 'Unclosed (, at character 1')
  await type(page, '#expression', 'x^2 + cos(3*y)')
  assert.equal(await error(), '')
  assert.deepEqual(await page.evaluate(ways), after)
}

/** Malformed links, and a view without an optimizer. */
async function strangeLinks(page, open) {
  for (const query of [
    'f=typed&of=foo(&o=Adam',
    'f=quadratic&condition=-1',
    'o=Adam,betas:5,lr:1~;MultiStepLR,milestones:5&o=Muon,nsCoefficients:1~,nsSteps:null&o=Adafactor,eps:x&o=LBFGS,lineSearchFn:3,historySize:1e9',
    'f=nowhere&x=abc&at=-3&steps=1e99&o=Adam,lr:x;StepLR&o=toString&show=99',
  ]) {
    await page.goto('about:blank')
    await page.goto(`${open.address}/index.html#/surface?${query}`)
    await page.waitForSelector('.surface #surface-kind')
    await new Promise((resolve) => setTimeout(resolve, 300))
  }
  assert.match(
    await page.$eval('.racer .error:not([hidden])', ({ textContent }) => textContent),
    /^Adam: lr must be a number in \[0, ∞\], got 'x'$/,
  )
  await page.goto('about:blank')
  await page.goto(`${open.address}/index.html#/surface?f=typed&of=foo(&o=Adam,lr:0.1`)
  await page.waitForSelector('#expression')
  await type(page, '#expression', 'x^2 + y^2')
  await arrived(page, 0)
  await page.$eval('.racer button', (remove) => remove.click())
  assert.deepEqual(await page.evaluate(ways), [])
  await press(page, 'One step')
  await press(page, 'Copy link')
  await page.click('#add-optimizer')
  assert.equal((await page.evaluate(ways)).length, 1)
}

async function outOfRange(page, open) {
  await open('f=quadratic&at=20&o=Adam,lr:0.1;StepLR,stepSize:30', { at: 20 })
  const errors = () => page.$$eval('.racer .error', (all) => all.filter(({ hidden }) => !hidden).map(({ textContent }) => textContent))
  assert.deepEqual(await errors(), [])
  const sentence = 'Adam: betas must be two numbers in [0, 1), got [1.5, 0.999]'
  await type(page, '#racer-1-betas-1', '1.5')
  await page.waitForFunction((sentence) => document.querySelector('#racer-1-betas-error').textContent === sentence, {}, sentence)
  assert.deepEqual(await errors(), [sentence, sentence])
  await type(page, '#racer-1-betas-1', '0.9')
  await type(page, '#racer-1-schedule-stepSize', '0')
  assert.equal((await errors())[0], 'StepLR: stepSize must be a number in (0, ∞], got 0')
  await type(page, '#racer-1-schedule-stepSize', '30')
  assert.deepEqual(await errors(), [])
  await type(page, '#surface-kind', 'quadratic')
  await type(page, '#condition', '0')
  assert.equal(
    await page.$eval('#surface-error', ({ textContent }) => textContent),
    'quadratic: condition must be a number in [1, 1e12], got 0',
  )
}

/** Presses Tab until the focused element matches. */
async function tabTo(page, selector) {
  for (let i = 0; i < 120; i++) {
    if (await page.evaluate((selector) => document.activeElement?.matches(selector) ?? false, selector)) return
    await page.keyboard.press('Tab')
  }
  assert.fail(`Tab does not reach ${selector}`)
}

async function byKeys(page, open) {
  await open('f=rosenbrock&x=-1&y=1&o=Adam,lr:0.1&o=SGD,lr:0.0003')
  await tabTo(page, '.plot')
  for (const key of ['ArrowRight', 'ArrowRight', 'ArrowUp']) await page.keyboard.press(key)
  const [x, y] = await page.evaluate(() => ['x', 'y'].map((axis) => Number(document.querySelector(`#start-${axis}`).value)))
  assert(x > -1 && y > 1, `${x} ${y}`)
  const plot = await page.$('.plot')
  await plot.click()
  const middle = await page.evaluate(() => ['x', 'y'].map((axis) => Number(document.querySelector(`#start-${axis}`).value)))
  assert(Math.abs(middle[0]) < 0.05 && Math.abs(middle[1] - 1.1) < 0.05, `${middle}`)
  await tabTo(page, '.play')
  await page.keyboard.press('Tab')
  await page.keyboard.press('Enter')
  await arrived(page, 1)
  await tabTo(page, '#steps')
  await tabTo(page, '.ways input')
  await page.keyboard.press('ArrowDown')
  await page.waitForFunction(
    () =>
      document.querySelector('#numbers-title').textContent === '2 SGD, step by step' ||
      document.querySelector('#numbers-title').textContent === '1 Adam, step by step',
  )
  await tabTo(page, '#surface-kind')
  await page.keyboard.type('S')
  await page.waitForFunction(() => document.querySelector('#surface-kind').value === 'saddle', { timeout: 5000 })
  assert(await page.evaluate(() => document.activeElement.id === 'surface-kind'))
  await tabTo(page, '#racer-2-summary')
  await page.keyboard.press('Enter')
  await tabTo(page, '#racer-2-optimizer')
  await tabTo(page, '#racer-2-lr')
  await page.keyboard.down('Shift')
  await page.keyboard.press('Tab')
  await page.keyboard.up('Shift')
  const before = await page.$eval('#racer-2-lr', ({ value }) => value)
  await page.keyboard.press('ArrowRight')
  assert.notEqual(await page.$eval('#racer-2-lr', ({ value }) => value), before)
  await tabTo(page, '#add-optimizer')
  await page.keyboard.press('Enter')
  assert.equal((await page.evaluate(ways)).length, 3)
  assert.equal(await page.evaluate(() => document.activeElement.id), 'racer-3-optimizer')
  await page.keyboard.press('Tab')
  await page.keyboard.press('Enter')
  assert.equal((await page.evaluate(ways)).length, 2)
}

const looks = [1280, 390].flatMap((width) => ['light', 'dark'].map((scheme) => [width, scheme]))

async function looked(page, open) {
  for (const [width, scheme] of looks) {
    await page.setViewport({ width, height: 900 })
    await page.emulateMediaFeatures([
      { name: 'prefers-color-scheme', value: scheme },
      { name: 'prefers-reduced-motion', value: 'reduce' },
    ])
    for (const query of [
      '',
      'f=typed&at=40&o=Adafactor&o=Rprop&o=LBFGS,maxIter:1&o=SGD,lr:1e9;OneCycleLR,maxLr:-1&show=1',
      'f=quadratic&o=NAdam;LambdaLR,lrLambda:1%252Ft',
    ]) {
      await open(query, { at: query.includes('at=40') ? 40 : 0 })
      if (!query) await arrived(page, 300)
      for (const isOpen of [false, true]) {
        await page.evaluate((isOpen) => {
          for (const details of document.querySelectorAll('details')) details.open = isOpen
        }, isOpen)
        await assertAccessible(page, `${width} ${scheme} ${query}`)
      }
      assert.deepEqual(await page.evaluate(overlaps), [])
    }
  }
}

async function withoutMotion(page, open) {
  await page.emulateMediaFeatures([{ name: 'prefers-reduced-motion', value: 'reduce' }])
  await open()
  await arrived(page, 300)
  assert.equal(await page.$eval('.play', ({ textContent }) => textContent), 'Play again')
  await page.emulateMediaFeatures([{ name: 'prefers-reduced-motion', value: 'no-preference' }])
  await open()
  await page.waitForFunction(() => Number(document.querySelector('.surface').dataset.at) > 3)
  assert.equal(await page.$eval('.play', ({ textContent }) => textContent), 'Pause')
}

/** Switches between views many times and looks for long tasks, by CPU time, which does not depend on the machine's load. */
async function manyTimes(page, open) {
  await open()
  await page.tracing.start({ categories: ['toplevel', 'disabled-by-default-devtools.timeline'] })
  for (let i = 0; i < 8; i++) {
    for (const view of ['bits', 'surface?f=rastrigin&steps=3000&at=3000&o=Adam&o=SGD&o=LBFGS&o=Muon&o=Adafactor&o=NAdam']) {
      await page.evaluate((view) => {
        location.hash = `#/${view}`
      }, view)
      await page.waitForFunction((isSurface) => Boolean(document.querySelector('.surface')) === isSurface, { polling: 50 }, view !== 'bits')
    }
  }
  await arrived(page, 3000)
  await new Promise((resolve) => setTimeout(resolve, 500))
  const { traceEvents } = JSON.parse(new TextDecoder().decode(await page.tracing.stop()))
  const mains = traceEvents
    .filter(({ name, args }) => name === 'thread_name' && args.name === 'CrRendererMain')
    .map(({ pid, tid }) => `${pid} ${tid}`)
  const tasks = traceEvents.filter(
    ({ name, pid, tid, tdur }) => /RunTask$/.test(name) && tdur !== undefined && mains.includes(`${pid} ${tid}`),
  )
  const longest = Math.max(...tasks.map(({ tdur }) => tdur)) / 1000
  assert(tasks.length > 100)
  assert(longest < 1000, `a task took ${longest} ms`)
  return `the longest of ${tasks.length} tasks took ${longest.toFixed(0)} ms`
}

/** Returns the checks of the view, for the page served at an address. */
export function checks(address, browser) {
  const one = (name, body) => check(address, browser, name, body)
  return [
    one('every optimizer steps on every surface', everyOptimizer),
    one('a link reproduces the view', sameByLink),
    one('a typed function works, and an invalid one shows a clear error', typedFunction),
    one('malformed links and no optimizer', strangeLinks),
    one("an option out of range shows the library's error", outOfRange),
    one('the keyboard is enough', byKeys),
    ...(browser === 'chromium'
      ? [
          one('the view is accessible and fits, light and dark', looked),
          one('the view does not start by itself with reduced motion', withoutMotion),
          one('switching views many times causes no long task', manyTimes),
        ]
      : []),
  ]
}
