/** The view "Compare" in a browser: numbers equal to the command's, own tables, resuming, errors, replays, the keyboard, and long tasks. */
import assert from 'node:assert'
import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { gzipSync } from 'node:zlib'
import { root } from '../runtimes/project.mjs'
import { serve } from '../runtimes/serve.mjs'
import { drop as dropOn, ownFolder, tabTo } from './acts.mjs'
import { assertAccessible, needsOf, visit } from './visit.mjs'

const PROBLEMS = ['digits', 'diabetes', 'verses', 'characters', 'quadratic', 'rosenbrock', 'beale', 'himmelblau', 'rastrigin']

/** Fills in the form by the ids of its fields. */
async function fill(page, fields, optimizers) {
  await page.waitForSelector('#problem')
  await page.evaluate(
    (values, names) => {
      for (const [id, value] of Object.entries(values)) {
        const field = document.getElementById(id)
        field.value = value
        field.dispatchEvent(new Event('change', { bubbles: true }))
      }
      for (const box of document.querySelectorAll('input[name="optimizer"]')) {
        if (names && box.checked !== names.includes(box.value)) box.click()
      }
    },
    fields,
    optimizers ?? null,
  )
}

const start = (page) => page.click('button[type="submit"]')

/** Waits for the end of a comparison. Returns its receipt; fails on an alert. */
async function receiptOf(page, timeout = 120_000) {
  const found = await page.waitForFunction(
    () => document.getElementById('receipt')?.textContent || document.querySelector('[role="alert"]').textContent,
    { timeout, polling: 100 },
  )
  const text = await found.jsonValue()
  assert.match(text, /^\{/)
  return JSON.parse(text)
}

/** Waits for the alert. Returns its text. */
async function alertOf(page) {
  const found = await page.waitForFunction(() => document.querySelector('[role="alert"]').textContent, { timeout: 30_000, polling: 50 })
  return found.jsonValue()
}

/** Returns a receipt without the fields that depend on the runtime or the clock. */
function numbersOf(receipt) {
  const own = ['seconds', 'runtime', 'version', 'command']
  return JSON.parse(JSON.stringify(receipt, (key, value) => (own.includes(key) ? undefined : value)))
}

/** Drops a file on the form. */
const drop = (page, name, content) => dropOn(page, 'fieldset', name, content)

/** Returns a table of 50,000 rows with quoted commas and empty cells. */
function largeTable() {
  let state = 1
  const random = () => (state = (state * 48271) % 2147483647) / 2147483647
  const rows = Array.from({ length: 50_000 }, (_, i) => {
    const [a, b, c] = [random(), random(), random()]
    const city = ['"Paris, France"', '"Rome, Italy"', 'Oslo'][Math.floor(3 * random())]
    const label = a + b * c > 0.7 ? '"yes, it is"' : 'no'
    return `${i % 97 === 0 ? '' : a.toFixed(5)},${b.toFixed(5)},${i % 113 === 0 ? 'NA' : c.toFixed(5)},${city},${label}`
  })
  return `a,b,c,"city, country",label\n${rows.join('\n')}\n`
}

/** Makes the page record its tasks of more than 50 ms. */
const observeTasks = (page) =>
  page.evaluateOnNewDocument(() => {
    globalThis.longTasks = []
    new PerformanceObserver((list) => globalThis.longTasks.push(...list.getEntries().map(({ duration }) => duration))).observe({
      entryTypes: ['longtask'],
    })
  })

const longestTask = (page) => page.evaluate(() => Math.max(0, ...globalThis.longTasks))

const tiny = { trials: '2', seeds: '2', epochs: '1' }
const few = ['SGD', 'Adam', 'LBFGS']

async function everyProblem(address, browser) {
  const leaders = await visit(browser, address, async (page) => {
    const best = []
    for (const problem of PROBLEMS) {
      await fill(page, { problem, ...tiny }, few)
      await start(page)
      const { results, problem: facts } = await receiptOf(page)
      assert.deepEqual(facts.source, { problem })
      assert.deepEqual(results.map(({ label }) => label).sort(), [...few].sort())
      assert.equal(await page.$$eval('.ranking tbody tr', (rows) => rows.length), few.length)
      best.push(`${problem} ${results[0].label}`)
      await page.evaluate(() => [...document.querySelectorAll('button')].find(({ textContent }) => /^New/.test(textContent)).click())
    }
    return best
  })
  return leaders.join(', ')
}

async function asTheCommand(address, browser) {
  const options = [
    '--trials',
    '4',
    '--seeds',
    '3',
    '--epochs',
    '2',
    '--seed',
    '5',
    '--batch-size',
    '64',
    '--schedule',
    'linear',
    '--hidden',
    '16',
  ]
  const args = ['compare', '--json', '--optimizers', 'SGD,Adam,Adagrad', ...options, '--out', ownFolder()]
  const own = JSON.parse(
    execFileSync(process.execPath, [join(root, 'dist/cli.js'), ...args], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }),
  )
  return visit(browser, address, async (page) => {
    const more = { 'base-seed': '5', 'batch-size': '64', schedule: 'linear', hidden: '16' }
    await fill(page, { problem: 'digits', trials: '4', seeds: '3', epochs: '2', ...more }, ['SGD', 'Adam', 'Adagrad'])
    await start(page)
    const receipt = await receiptOf(page)
    assert.deepEqual(numbersOf(receipt), numbersOf(own))
    const expected = '--optimizers SGD,Adam,Adagrad --trials 4 --seeds 3 --seed 5 --epochs 2 --batch-size 64 --hidden 16 --schedule linear'
    assert.equal(receipt.command, `downhill compare --problem digits ${expected}`)
    assert.match(receipt.runtime, /^(Chromium|Firefox) \d+$/)
    return receipt.runtime
  })
}

async function ownTable(address, browser) {
  const isChromium = browser === 'chromium'
  const file = join(ownFolder(), 'large.csv')
  writeFileSync(file, largeTable())
  const body = async (page) => {
    await fill(page, { problem: 'own table' })
    await (await page.$('#table')).uploadFile(file)
    await page.waitForSelector('#target', { visible: true })
    assert.match(await page.$eval('.own [role="status"]', ({ textContent }) => textContent), /^large\.csv: 50,000 rows, 5 columns$/)
    await fill(page, { target: 'label', ...tiny }, ['SGD', 'Adam'])
    await start(page)
    const { problem, results } = await receiptOf(page)
    assert.deepEqual(problem.source, { data: 'large.csv', target: 'label' })
    assert.equal(problem.rows, 50_000)
    assert.equal(problem.features, 6)
    assert(results[0].value > 0.9, `accuracy ${results[0].value}`)
    const longest = isChromium ? await longestTask(page) : 0
    // On the main thread, reading and training would take seconds.
    assert(longest < 1000, `a task of ${longest} ms`)
    return `accuracy ${results[0].value.toFixed(3)}${isChromium ? `, longest task ${longest.toFixed(0)} ms` : ''}`
  }
  return visit(browser, address, body, isChromium ? observeTasks : undefined)
}

/** Long enough for clicks after the first runs to come before the last. */
const longer = { problem: 'digits', trials: '8', seeds: '5', epochs: '40' }
const doneRuns = () => Number(document.querySelector('.facts span').textContent.split(' ')[0])

/** Clicks a button after so many runs. The page clicks itself, because a driver's click takes time, in which the button may move. */
const clickAfter = (page, runs, name) =>
  page.evaluate(
    async (least, name) => {
      const count = document.querySelector('.facts span')
      await new Promise((resolve) => {
        const look = () => Number.parseInt(count.textContent, 10) >= least && resolve()
        new MutationObserver(look).observe(count, { childList: true })
        look()
      })
      const buttons = [...document.querySelectorAll('.running button')]
      buttons.find(({ textContent }) => textContent === name).click()
    },
    runs,
    name,
  )

async function interrupted(address, browser) {
  return visit(browser, address, async (page) => {
    await fill(page, longer, few)
    await start(page)
    const whole = await receiptOf(page)
    await page.reload()
    await fill(page, longer, few)
    await start(page)
    await clickAfter(page, 8, 'Cancel')
    await page.waitForSelector('.kept button', { visible: true })
    await page.reload()
    const offered = await (await page.waitForSelector('.kept button', { visible: true })).evaluate(({ textContent }) => textContent)
    assert.match(offered, /^Resume digits \(\d+ of 39 runs\)$/)
    await page.click('.kept button')
    assert.deepEqual(numbersOf(await receiptOf(page)), numbersOf(whole))
    // A finished comparison is not offered again.
    await page.reload()
    await page.waitForSelector('#problem')
    await sleep(500)
    assert.equal(await page.$eval('.kept', ({ hidden }) => hidden), true)
    return offered
  })
}

async function pausedAndForgotten(address, browser) {
  return visit(browser, address, async (page) => {
    await fill(page, longer, few)
    await start(page)
    await clickAfter(page, 2, 'Pause')
    assert.equal(await page.$eval('.running button', ({ textContent }) => textContent), 'Resume')
    await sleep(2500)
    const before = await page.evaluate(doneRuns)
    await sleep(800)
    assert.equal(await page.evaluate(doneRuns), before)
    // A reload keeps the runs without a cancel.
    await page.reload()
    await page.waitForSelector('.kept button', { visible: true })
    await page.click('.kept button:nth-of-type(2)')
    await sleep(500)
    await page.reload()
    await page.waitForSelector('#problem')
    await sleep(500)
    assert.equal(await page.$eval('.kept', ({ hidden }) => hidden), true)
  })
}

/** Runs in a browser without an origin private file system, like a private window. */
async function nothingKept(_, browser) {
  const folder = join(root, 'build/web')
  const lead = `navigator.storage.getDirectory = () => Promise.reject(new DOMException('refused', 'SecurityError'))
${readFileSync(join(folder, 'compare-lead.js'), 'utf8')}`
  const { address, close } = await serve(folder, { generated: { '/compare-lead.js': lead } })
  try {
    return await visit(browser, `${address}/index.html#/compare`, async (page) => {
      await fill(page, longer, few)
      await start(page)
      await clickAfter(page, 4, 'Cancel')
      assert.match(await page.$eval('.notes', ({ textContent }) => textContent), /^This browser does not let the page store anything/)
      await page.waitForSelector('.kept button', { visible: true })
      await page.click('.kept button')
      await receiptOf(page)
    })
  } finally {
    await close()
  }
}

async function errors(address, browser) {
  return visit(browser, address, async (page) => {
    await page.waitForSelector('#problem')
    const said = async (pattern) => {
      assert.match(await alertOf(page), pattern)
      await page.evaluate(() => (document.querySelector('[role="alert"]').textContent = ''))
    }
    await drop(page, 'picture.png', [137, 80, 78, 71, 13, 10, 26, 10, 0, 0, 255, 254])
    await said(/^picture\.png: the file is a PNG image$/)
    await drop(page, 'ragged.csv', 'a,b\n1,2\n3\n')
    await said(/^ragged\.csv: line 3 must have 2 cells like the header, got 1$/)
    await drop(page, 'empty.csv', '')
    await said(/^empty\.csv: the table is empty$/)
    await start(page)
    await said(/^Choose a table file/)
    await drop(page, 'short.csv', 'a,b\n1,2\n3,4\n')
    await page.waitForSelector('#target', { visible: true })
    await start(page)
    await said(/^Choose the column to predict\.$/)
    await fill(page, { target: 'b' })
    await start(page)
    await said(/^short\.csv: the table must have at least 20 rows with a target, got 2$/)
    await fill(page, { problem: 'digits' }, [])
    await start(page)
    await said(/^Choose at least one optimizer\.$/)
    await fill(page, { trials: '1.5' }, few)
    await start(page)
    await said(/^Trials must be an integer ≥ 1\.$/)
    const file = join(ownFolder(), 'receipt.json')
    writeFileSync(file, '{"format":2}')
    await page.evaluate(() => (document.querySelector('details.receipt').open = true))
    await (await page.$('#open-receipt')).uploadFile(file)
    await said(/^receipt\.json is not a receipt of downhill compare: its format must be 1, got 2$/)
  })
}

async function replayed(address, browser) {
  return visit(browser, address, async (page) => {
    await fill(page, { problem: 'quadratic', condition: '50', ...tiny }, few)
    await start(page)
    const receipt = await receiptOf(page)
    assert.deepEqual(receipt.problem.source, { problem: 'quadratic', condition: 50 })
    const file = join(ownFolder(), 'report.json')
    for (const change of [0, 1]) {
      receipt.results[0].runs[0].value += change
      writeFileSync(file, JSON.stringify(receipt))
      await page.reload()
      await page.waitForSelector('#problem')
      await page.evaluate(() => (document.querySelector('details.receipt').open = true))
      await (await page.$('#open-receipt')).uploadFile(file)
      await receiptOf(page)
      const verdict = await page.$eval('.verdict', ({ textContent }) => textContent)
      assert.match(verdict, change ? /^✗ .* first at results\.0\.runs\.0\.value\.$/ : /^✓ Every number equals report\.json\.$/)
    }
  })
}

/** A receipt of an own table asks for that table and rejects others. */
async function replayedTable(address, browser) {
  const rows = Array.from({ length: 60 }, (_, i) => `${i % 7},${(i * 31) % 11},${i % 7 > 3 ? 'high' : 'low'}`)
  const text = `a,b,level\n${rows.join('\n')}\n`
  return visit(browser, address, async (page) => {
    await page.waitForSelector('#problem')
    await drop(page, 'levels.csv', text)
    await page.waitForSelector('#target', { visible: true })
    await fill(page, { target: 'level', task: 'classification', ...tiny }, few)
    await start(page)
    const receipt = await receiptOf(page)
    const task = '--data levels.csv --target level --task classification'
    assert.equal(receipt.command, `downhill compare ${task} --optimizers SGD,Adam,LBFGS --trials 2 --seeds 2 --epochs 1`)
    const folder = ownFolder()
    const [file, own, other] = ['report.json', 'levels.csv', 'other.csv'].map((name) => join(folder, name))
    writeFileSync(file, JSON.stringify(receipt))
    writeFileSync(own, text)
    writeFileSync(other, `${text}1,2,low\n`)
    await page.reload()
    await page.waitForSelector('#problem')
    await page.evaluate(() => (document.querySelector('details.receipt').open = true))
    await (await page.$('#open-receipt')).uploadFile(file)
    await page.waitForSelector('#wanted-table', { visible: true })
    await (await page.$('#wanted-table')).uploadFile(other)
    assert.equal(await alertOf(page), 'other.csv has changed since report.json was written: its checksum differs')
    await (await page.$('#wanted-table')).uploadFile(own)
    await page.waitForFunction(() => !document.querySelector('[role="alert"]').textContent)
    await receiptOf(page)
    assert.equal(await page.$eval('.verdict', ({ textContent }) => textContent), '✓ Every number equals report.json.')
  })
}

async function inMinutes(address, browser) {
  return visit(browser, address, async (page) => {
    await fill(page, { problem: 'diabetes' }, few)
    await page.evaluate(() => {
      const minutes = document.getElementById('minutes')
      minutes.value = '0.1'
      minutes.dispatchEvent(new Event('input', { bubbles: true }))
    })
    await start(page)
    const note = await page.waitForFunction(() => document.querySelector('.notes li')?.textContent, { polling: 20 })
    assert.match(await note.jsonValue(), /^planned to take about [1-6] s; reductions: /)
    const { protocol, command } = await receiptOf(page)
    return `${command}: ${protocol.trials} trials, ${protocol.seeds.length} seeds, ${protocol.epochs} epochs`
  })
}

async function byKeyboard(address, browser) {
  return visit(browser, address, async (page) => {
    await page.waitForSelector('#problem')
    await tabTo(page, (element) => element.id === 'problem')
    for (let i = 0; i < 3; i++) await page.keyboard.press('ArrowDown')
    for (let i = 0; i < 3; i++) await page.keyboard.press('ArrowUp')
    await tabTo(page, (element) => element.tagName === 'SUMMARY' && element.textContent === 'Advanced')
    await page.keyboard.press(' ')
    for (const id of ['trials', 'seeds', 'epochs']) {
      await page.keyboard.press('Tab')
      assert.equal(await page.evaluate(() => document.activeElement.id), id)
      await page.keyboard.type(tiny[id])
    }
    await tabTo(page, (element) => element.value === 'AdamW')
    await page.keyboard.press(' ')
    await tabTo(page, (element) => element.type === 'submit')
    await page.keyboard.press('Enter')
    const { protocol } = await receiptOf(page)
    assert.deepEqual(Object.keys(protocol.spaces), ['SGD', 'Adam', 'Adagrad', 'Adadelta', 'RMSprop'])
    await tabTo(page, (element) => element.download === 'report.json')
    await tabTo(
      page,
      (element) => element.textContent === 'Weights of %, .pt'.replace('%', document.querySelector('.ranking tbody th').textContent),
    )
  })
}

async function accessible(address, browser) {
  const widths = [1280, 390]
  const schemes = browser === 'chromium' ? ['light', 'dark'] : ['light']
  for (const scheme of schemes) {
    await visit(browser, address, async (page) => {
      if (browser === 'chromium') await page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: scheme }])
      const look = async () => {
        for (const width of widths) {
          await page.setViewport({ width, height: 900 })
          await page.evaluate(() => {
            for (const details of document.querySelectorAll('details')) details.open = true
          })
          await assertAccessible(page)
        }
      }
      await page.waitForSelector('#problem')
      await look()
      await fill(page, { ...longer, trials: '4' }, few)
      await start(page)
      await clickAfter(page, 4, 'Pause')
      await page.waitForFunction(() => document.querySelector('.facts').textContent.includes('paused'), { polling: 50 })
      await look()
      await clickAfter(page, 4, 'Resume')
      await receiptOf(page)
      await look()
    })
  }
}

async function light(address) {
  const asked = new Set()
  const note = async (page) => {
    await observeTasks(page)
    page.on('request', (request) => asked.add(request.url()))
  }
  const body = async (page) => {
    await page.waitForSelector('#problem')
    await sleep(500)
    const paint = await page.evaluate(() => performance.getEntriesByName('first-contentful-paint')[0].startTime)
    const first = [...asked].filter((url) => url.startsWith(new URL('.', address).href))
    const files = await Promise.all(first.map(async (url) => gzipSync(Buffer.from(await (await fetch(url)).arrayBuffer())).length))
    const bytes = files.reduce((sum, size) => sum + size, 0)
    assert(bytes < 300_000, `the first screen took ${bytes} bytes`)
    await fill(page, { problem: 'digits', trials: '8', seeds: '5', epochs: '10' })
    await start(page)
    await receiptOf(page)
    const longest = await longestTask(page)
    assert(longest < 1000, `a task of ${longest} ms`)
    return `${(bytes / 1000).toFixed(0)} KB in ${files.length} files, first paint ${paint.toFixed(0)} ms, longest task ${longest.toFixed(0)} ms`
  }
  return visit('chromium', address, body, note)
}

/** Saves the weights in both formats. With them a model in Node must reach the receipt's accuracy. */
async function takenAlong(address) {
  const folder = ownFolder()
  const receipt = await visit('chromium', address, async (page) => {
    const session = await page.createCDPSession()
    await session.send('Browser.setDownloadBehavior', { behavior: 'allow', downloadPath: folder })
    await fill(page, { problem: 'digits', trials: '4', seeds: '2', epochs: '3' }, ['SGD', 'Adam'])
    await start(page)
    const found = await receiptOf(page)
    for (const selector of ['a[download="report.html"]', 'a[download="report.json"]', 'button.safetensors', 'button.pt']) {
      await page.click(selector)
      await sleep(700)
    }
    return found
  })
  assert.deepEqual(JSON.parse(readFileSync(join(folder, 'report.json'), 'utf8')), receipt)
  assert.match(readFileSync(join(folder, 'report.html'), 'utf8'), /Which optimizer for digits\?/)
  const [{ Arena }, nn, io, { datasetOf }] = await Promise.all(
    ['index', 'nn', 'io', 'compare'].map((name) => import(join(root, `dist/${name}.js`))),
  )
  const { optimizer: best } = receipt.recommendation
  const { tensors, metadata } = io.safetensors.read(readFileSync(join(folder, `${best}.safetensors`)))
  assert.equal(metadata.optimizer, best)
  const dict = io.torchFile.read(readFileSync(join(folder, `${best}.pt`)))
  for (const name of Object.keys(tensors)) assert.deepEqual(Array.from(dict[name].data), Array.from(tensors[name].data))
  const text = readFileSync(join(root, 'datasets/digits.csv'), 'utf8')
  const data = datasetOf({ source: { problem: 'digits' }, name: 'digits', text, sha256: '', hidden: 32 })
  const arena = await Arena.create()
  const model = new nn.Sequential(new nn.Linear(arena, 64, 32), new nn.ReLU(), new nn.Linear(arena, 32, 10))
  model.loadStateDict(tensors)
  const right = Array.from(data.split.test).filter((row) =>
    arena.frame(() => {
      const x = arena.tensor(data.features.slice(64 * row, 64 * row + 64), [1, 64])
      const out = Array.from(nn.noGrad(arena, () => model.forward(x)).data)
      return out.indexOf(Math.max(...out)) === data.targets[row]
    }),
  )
  const { value } = receipt.results.find(({ label }) => label === best).runs[0]
  assert.equal(right.length / data.split.test.length, value)
  return `${best}, ${(100 * value).toFixed(1)} %`
}

export function checks(origin, browser) {
  const needs = needsOf(browser)
  const address = `${origin}/index.html#/compare`
  const check = (name, run) => ({ name: `${browser}, compare: ${name}`, needs, run: () => run(address, browser) })
  return [
    check('every bundled problem ends in a ranking', everyProblem),
    check("the receipt equals the command's, bit for bit", asTheCommand),
    check('a table of 50,000 rows with quoted commas and empty cells', ownTable),
    check('a comparison canceled halfway resumes after a reload to the same numbers', interrupted),
    check('a pause holds, and its runs can be resumed or discarded after a reload', pausedAndForgotten),
    check('without storage the page says so, and still resumes after a cancel', nothingKept),
    check('an error is one sentence', errors),
    check('a receipt replays, and a changed number is found', replayed),
    check('a receipt of an own table asks for it and rejects others', replayedTable),
    check('a time budget in minutes', inMinutes),
    check('the keyboard is enough', byKeyboard),
    check('the view is accessible and does not overflow, wide and narrow', accessible),
    ...(browser === 'chromium'
      ? [
          check('the first screen is light, and no task is long', () => light(address)),
          check('report and weights are saved, and the weights have the accuracy of the receipt', takenAlong),
        ]
      : []),
  ]
}
