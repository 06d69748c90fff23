/** The view "Predict" in a browser: checkpoints and predictions equal to the command's, typed rows, files, errors, the keyboard. */
import assert from 'node:assert'
import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, posix } from 'node:path'
import { csv, rows } from '../runtimes/predictions.mjs'
import { root } from '../runtimes/project.mjs'
import { drop, keepSaved, ownFolder, press, savedBy, tabTo, textOf } from './acts.mjs'
import { assertAccessible, needsOf, visit } from './visit.mjs'

const { loadTableModel } = await import(join(root, 'dist/tables.js'))

function downhill(folder, ...args) {
  return execFileSync(process.execPath, [join(root, 'dist/cli.js'), ...args], { cwd: folder, encoding: 'utf8', stdio: 'pipe' })
}

/** Trains with the command. Returns a folder with the table and the checkpoint. */
function trainedByCommand(target, ...options) {
  const folder = ownFolder()
  writeFileSync(join(folder, 'houses.csv'), csv)
  downhill(folder, 'train', '--data', 'houses.csv', '--target', target, '--save', 'own.checkpoint', ...options)
  return folder
}

const dropTable = (page, name, content) => drop(page, '.choices form', name, content)
const dropCheckpoint = (page, name, content) => drop(page, '.choices > fieldset', name, content)
const dropRows = (page, name, content) => drop(page, '.outcome fieldset', name, content)

const open = (page) => page.waitForSelector('#table')

/** Waits until the page shows a model. Returns its heading; fails on an alert. */
async function modelShown(page) {
  const found = await page.waitForFunction(
    () =>
      document.querySelector('[role="alert"]').textContent ||
      (document.querySelector('.outcome').checkVisibility() && document.querySelector('.outcome h2').textContent),
    { timeout: 120_000, polling: 50 },
  )
  const text = await found.jsonValue()
  assert.match(text, /^Model of /)
  return text
}

async function train(page, target, task = '') {
  await page.waitForSelector('#target', { visible: true })
  await page.select('#target', target)
  await page.select('#task', task)
  await press(page, 'Train')
}

const alertOf = (page) => textOf(page, '[role="alert"]', /./)

/** Types a row by the names of its columns. */
async function typeRow(page, row) {
  for (const [name, value] of Object.entries(row)) {
    await page.evaluate(
      (name, value) => {
        const label = [...document.querySelectorAll('.cells label')].find(({ textContent }) => textContent.startsWith(name))
        label.control.value = value ?? ''
      },
      name,
      value,
    )
  }
  await press(page, 'Predict')
  await page.waitForSelector('.prediction data')
}

const exact = (page, selector) => page.$$eval(`${selector} data`, (list) => list.map(({ value }) => value))

const typed = { area: 75.5, share: 12.5, heating: 'oil', garden: 'yes', sold: '2023-05-17' }

async function asTheCommand(address, browser) {
  const folder = trainedByCommand('kind')
  downhill(folder, 'predict', 'own.checkpoint', '--data', 'houses.csv', '--out', 'own.csv')
  const own = readFileSync(join(folder, 'own.checkpoint'))
  const model = await loadTableModel(own)
  return visit(
    browser,
    address,
    async (page) => {
      await open(page)
      await dropTable(page, 'houses.csv', csv)
      assert.equal(await textOf(page, '.choices [role=status]', /rows/), 'houses.csv: 300 rows, 6 columns')
      await train(page, 'kind')
      assert.equal(await modelShown(page), 'Model of kind, trained on houses.csv')
      assert.match(await page.$eval('.outcome .scores', (scores) => scores.textContent), /^Accuracy on test rows .*baselines: .*balanced/)
      assert.deepEqual(await page.$$eval('.scores thead th', (list) => list.map((cell) => cell.textContent)), ['actual', ...model.classes])
      const { name, bytes } = await savedBy(page, 'Save model')
      assert.equal(name, 'houses.checkpoint')
      assert(own.equals(bytes), 'the checkpoint differs from that of the command')
      await typeRow(page, typed)
      assert.deepEqual(await exact(page, '.prediction'), model.predict([typed]))
      const [expected] = model.probabilities([typed])
      assert.deepEqual(
        (await exact(page, '.cells table')).map(Number),
        expected.toSorted((a, b) => b - a),
      )
      await dropRows(page, 'houses.csv', csv)
      assert.equal(await textOf(page, '.outcome fieldset + [role=status]', /^Predicted/), 'Predicted 300 rows of houses.csv.')
      assert.match(await page.$eval('.predicted .metric', (line) => line.textContent), /^Accuracy on these rows \d/)
      assert.equal(await page.$$eval('.predicted [aria-label="Predicted rows"] tbody tr', ({ length }) => length), 10)
      const saved = await savedBy(page, 'Save predictions')
      assert.equal(saved.name, 'houses-predictions.csv')
      assert.equal(new TextDecoder().decode(saved.bytes), readFileSync(join(folder, 'own.csv'), 'utf8'))
    },
    keepSaved,
  )
}

async function loaded(address, browser) {
  const folder = trainedByCommand('area', '--epochs', '20', '--hidden', '8,4')
  const own = readFileSync(join(folder, 'own.checkpoint'))
  const model = await loadTableModel(own)
  return visit(
    browser,
    address,
    async (page) => {
      await open(page)
      await (await page.$('#checkpoint')).uploadFile(join(folder, 'own.checkpoint'))
      assert.equal(await modelShown(page), 'Model of area, from own.checkpoint')
      const { area: _, ...row } = typed
      for (const one of [
        { ...row, kind: 'flat' },
        { share: null, heating: null, garden: null, sold: null, kind: null },
      ]) {
        await typeRow(page, one)
        assert.deepEqual(await exact(page, '.prediction'), model.predict([one]).map(String))
      }
      const json = JSON.stringify(rows.slice(0, 7).map(({ area: _, ...rest }) => rest))
      await dropRows(page, 'seven.json', json)
      await textOf(page, '.outcome fieldset + [role=status]', /^Predicted 7 rows of seven\.json\.$/)
      assert.equal(await page.$('.predicted .scores'), null)
      assert.deepEqual(await exact(page, '.predicted'), model.predict(rows.slice(0, 7)).map(String))
      const { bytes } = await savedBy(page, 'Save predictions')
      assert.equal(new TextDecoder().decode(bytes), `prediction\n${model.predict(rows.slice(0, 7)).join('\n')}\n`)
      await press(page, 'Choose another model')
      await page.waitForSelector('#table', { visible: true })
    },
    keepSaved,
  )
}

/** Returns a table that takes several seconds to train on. */
function longTable() {
  const lines = Array.from({ length: 60_000 }, (_, i) => `${(i * 37) % 160},${(i * 11) % 101},${(i * 7919) % 1009}`)
  return `a,b,c\n${lines.join('\n')}\n`
}

async function canceled(address, browser) {
  return visit(browser, address, async (page) => {
    await open(page)
    await dropTable(page, 'long.csv', longTable())
    await train(page, 'c')
    await textOf(page, '.facts', /^step [\d,]+ of [\d,]+loss /)
    await press(page, 'Cancel')
    await page.waitForSelector('#table', { visible: true })
    await dropTable(page, 'houses.csv', csv)
    await textOf(page, '.choices [role=status]', /^houses\.csv: /)
    await train(page, 'area', 'regression')
    assert.equal(await modelShown(page), 'Model of area, trained on houses.csv')
    assert.match(await page.$eval('.outcome .scores', (scores) => scores.textContent), /^R² on test rows .*baselines: .*MAE .*RMSE/)
  })
}

/** Returns the files that a file of the page imports at once, and itself. */
function importsOf(name, seen = new Set()) {
  if (seen.has(name)) return seen
  seen.add(name)
  const text = readFileSync(join(root, 'build/web', name), 'utf8')
  for (const [, path] of text.matchAll(/(?:from|import)\s*"(\.[^"]+\.js)"/g)) importsOf(posix.join(name, '..', path), seen)
  return seen
}

async function parquet(address, browser) {
  const imported = [...importsOf('predict-worker.js')]
  assert(imported.length > 3 && !imported.some((name) => name.includes('parquet')), `${imported}`)
  return visit(browser, address, async (page) => {
    await open(page)
    await dropTable(page, 'table.parquet', readFileSync(join(root, 'tests/files/table.snappy.parquet')))
    assert.equal(await textOf(page, '.choices [role=status]', /rows/), 'table.parquet: 3 rows, 6 columns')
  })
}

/** A text column with many categories: the rare ones are one more category, which the form offers. */
async function others(address, browser) {
  const lines = Array.from({ length: 300 }, (_, i) => `${i % 3 ? `city ${i % 20}` : `rare ${i}`},${i % 40 > 20 ? 'yes' : 'no'}`)
  return visit(
    browser,
    address,
    async (page) => {
      await open(page)
      await dropTable(page, 'cities.csv', `city,far\n${lines.join('\n')}\n`)
      await train(page, 'far')
      await modelShown(page)
      const model = await loadTableModel((await savedBy(page, 'Save model')).bytes)
      const options = await page.$$eval('#cell-0 option', (list) => list.map(({ value }) => value))
      assert.deepEqual(options, ['', ...model.fields[0].categories, 'other'])
      for (const city of ['other', 'city 1', null]) {
        await typeRow(page, { city })
        const [expected] = model.probabilities([{ city }])
        assert.deepEqual(
          (await exact(page, '.cells table')).map(Number),
          expected.toSorted((a, b) => b - a),
        )
      }
    },
    keepSaved,
  )
}

async function errors(address, browser) {
  const folder = trainedByCommand('kind', '--epochs', '2')
  return visit(browser, address, async (page) => {
    await open(page)
    const said = async (text) => {
      assert.equal(await alertOf(page), text)
      await page.$eval('[role="alert"]', (alert) => (alert.textContent = ''))
    }
    await press(page, 'Train')
    await said('Choose a table first.')
    await dropTable(page, 'picture.png', [137, 80, 78, 71, 13, 10, 26, 10, 0, 0, 255, 254])
    await said('picture.png: the file is a PNG image')
    await dropTable(page, 'short.csv', 'a,b\n1,2\n3,4\n')
    await page.waitForSelector('#target', { visible: true })
    await press(page, 'Train')
    await said('Choose the column to predict.')
    await train(page, 'b')
    await said('short.csv: the table must have at least 20 rows with a target, got 2')
    await page.waitForSelector('#table', { visible: true })
    await dropCheckpoint(page, 'houses.csv', csv)
    assert.match(await alertOf(page), /^houses\.csv: [^.]+$/)
    await dropCheckpoint(page, 'own.checkpoint', readFileSync(join(folder, 'own.checkpoint')))
    assert.match(await modelShown(page), /^Model of kind/)
    await dropRows(page, 'other.csv', 'area,share\n1,2\n')
    await said('other.csv: the model needs the columns heating, garden, sold')
    await dropRows(page, 'wrong.csv', 'area,share,heating,garden,sold\nlarge,2,gas,no,2023-01-01\n')
    await said("wrong.csv: line 2: 'large' in the column area must be a number")
  })
}

async function byKeyboard(address, browser) {
  const table = 'area,kind\n'.concat(Array.from({ length: 60 }, (_, i) => `${i},${i < 30 ? 'flat' : 'house'}\n`).join(''))
  return visit(browser, address, async (page) => {
    await open(page)
    await tabTo(page, (element) => element.id === 'table')
    // The driver cannot operate the dialog of the system.
    const folder = ownFolder()
    writeFileSync(join(folder, 'kinds.csv'), table)
    await (await page.$('#table')).uploadFile(join(folder, 'kinds.csv'))
    await page.waitForSelector('#target', { visible: true })
    await tabTo(page, (element) => element.id === 'target')
    await page.keyboard.press('ArrowDown')
    await page.keyboard.press('ArrowDown')
    await tabTo(page, (element) => element.textContent === 'Train')
    await page.keyboard.press('Enter')
    assert.equal(await modelShown(page), 'Model of kind, trained on kinds.csv')
    await tabTo(page, (element) => element.textContent === 'Save model')
    await tabTo(page, (element) => element.id === 'cell-0')
    await page.keyboard.type('55.5')
    await page.keyboard.press('Enter')
    assert.equal(await textOf(page, '.prediction', /./), 'kind: house')
    await tabTo(page, (element) => element.id === 'rows')
  })
}

async function accessible(address, browser) {
  for (const scheme of browser === 'chromium' ? ['light', 'dark'] : ['light']) {
    await visit(browser, address, async (page) => {
      if (browser === 'chromium') await page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: scheme }])
      const look = async (state) => {
        for (const width of [1280, 390]) {
          await page.setViewport({ width, height: 900 })
          await assertAccessible(page, `${state}, ${width}, ${scheme}`)
        }
      }
      await open(page)
      await look('choosing')
      await dropTable(page, 'long.csv', longTable())
      await train(page, 'c')
      await textOf(page, '.facts', /loss /)
      await look('training')
      await press(page, 'Cancel')
      await page.waitForSelector('#table', { visible: true })
      await dropTable(page, 'houses.csv', csv)
      await textOf(page, '.choices [role=status]', /^houses\.csv: /)
      await train(page, 'kind')
      await modelShown(page)
      await typeRow(page, typed)
      await dropRows(page, 'houses.csv', csv)
      await page.waitForSelector('.predicted .scores')
      await look('predicting')
    })
  }
}

/** Trains with observed tasks, and saves the model into a folder. */
async function light(address, browser) {
  const folder = ownFolder()
  const observe = (page) =>
    page.evaluateOnNewDocument(() => {
      globalThis.longest = 0
      const look = (list) => (globalThis.longest = Math.max(globalThis.longest, ...list.getEntries().map(({ duration }) => duration)))
      new PerformanceObserver(look).observe({ entryTypes: ['longtask'] })
    })
  return visit(
    browser,
    address,
    async (page) => {
      const session = await page.createCDPSession()
      await session.send('Browser.setDownloadBehavior', { behavior: 'allow', downloadPath: folder })
      await open(page)
      await dropTable(page, 'houses.csv', csv)
      await train(page, 'kind')
      await modelShown(page)
      await dropRows(page, 'houses.csv', csv)
      await page.waitForSelector('.predicted .scores')
      await press(page, 'Save model')
      while (!readdirSync(folder).includes('houses.checkpoint')) await new Promise((resolve) => setTimeout(resolve, 50))
      const longest = await page.evaluate(() => globalThis.longest)
      // On the main thread, training would take seconds.
      assert(longest < 1000, `a task of ${longest} ms`)
      return `longest task ${longest.toFixed(0)} ms`
    },
    observe,
  )
}

export function checks(origin, browser) {
  const needs = needsOf(browser)
  const address = `${origin}/index.html#/predict`
  const check = (name, run) => ({ name: `${browser}, predict: ${name}`, needs, run: () => run(address, browser) })
  return [
    check("the checkpoint and the predictions equal the command's, bit for bit", asTheCommand),
    check('a checkpoint of the command predicts a typed row and a dropped file', loaded),
    check('a training run can be canceled, and another one begun', canceled),
    check('Parquet is read, by code that loads when it is needed', parquet),
    check('rare categories can be chosen as one', others),
    check('an error is one sentence', errors),
    check('the keyboard is enough', byKeyboard),
    check('the view is accessible and does not overflow, wide and narrow', accessible),
    ...(browser === 'chromium' ? [check('no task is long, and the model is downloaded', light)] : []),
  ]
}
