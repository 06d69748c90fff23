import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { type Case, read, readInputs, written } from '../../host/conformance/format.ts'
import { KERNEL_CHOICES } from '../../host/conformance/judge.ts'
import { runCase } from '../../host/conformance/run.ts'
import * as downhill from '../../host/index.ts'
import { type Option, torchKey } from '../../host/validation/options.ts'

const folder = new URL('../conformance/cases/', import.meta.url)

function load(path: string): Case {
  return JSON.parse(readFileSync(new URL(path, folder), 'utf8'))
}

const newArena = () => downhill.Arena.create()
const run = (test: Case) => runCase(test, newArena)

describe('the judge', () => {
  const changed = async (path: string, change: (test: any) => void) => {
    const test = structuredClone(load(path))
    change(test)
    return run(test)
  }

  it('passes a case and reports the comparison closest to its limit', async () => {
    const [exact, single] = await run(load('optimizer/adam-amsgrad-wd.json'))
    expect([exact!.passed, single!.passed]).toEqual([true, true])
    expect(exact!.worst.limit).toBe(1e-12)
    expect(single!.worst.error).toBeGreaterThan(0)
  })

  it.each([
    ['a parameter', (t: any) => (t.expected.float64.params[5][1][3] += 1e-9), 'params[5][1]'],
    ['a missing step', (t: any) => (t.expected.float64.params[6] = t.expected.float64.params[5]), 'params: steps'],
    ['a learning rate', (t: any) => (t.expected.float64.lr[3][0] *= 1 + 1e-9), 'lr[3]'],
    ['a state tensor', (t: any) => (t.expected.float64.state.state[2].exp_avg.data[0] += 1e-3), 'state[2].exp_avg'],
    ['a counter', (t: any) => (t.expected.float64.state.state[0].step.data = [7]), 'state[0].step'],
    ['a state key', (t: any) => (t.expected.float64.state.state[0].extra = t.expected.float64.state.state[0].exp_avg), 'state[0]: keys'],
    ['a group option', (t: any) => (t.expected.float64.state.param_groups[0].eps = 1e-5), 'param_groups[0].eps'],
    ['a group key', (t: any) => (t.expected.float64.state.param_groups[0].initial_lr = 1), 'param_groups[0]: keys'],
    ['a number that is not finite', (t: any) => (t.expected.float64.params[5][0][0] = 'NaN'), 'params[5][0]'],
  ])('fails when %s differs', async (_, change, what) => {
    const [exact] = await changed('optimizer/adam-amsgrad-wd.json', change)
    expect([exact!.passed, exact!.worst.what]).toEqual([false, what])
    expect(exact!.worst.error).toBeGreaterThan(exact!.worst.limit)
  })

  it('fails a check whose expected error differs', async () => {
    const [outcome] = await changed('validation/validation-sgd.json', (t) => (t.expected.checks[1].error = 'ValueError'))
    expect([outcome!.passed, outcome!.worst.what]).toEqual([false, 'checks[1] raises'])
  })

  it('runs a case without expectations and returns its result', async () => {
    const outcomes = await changed('optimizer/sgd.json', (t) => delete t.expected)
    expect(outcomes.map(({ passed, result }) => [passed, Object.keys(result!)])).toEqual([
      [true, ['params', 'lr', 'state']],
      [true, ['params', 'lr', 'state']],
    ])
  })

  it('fails for unknown kinds and names', async () => {
    const [kind] = await run({ format: 1, name: 'x', kind: 'nonsense' })
    expect([kind!.passed, kind!.worst.what]).toEqual([false, 'the kind nonsense is not supported'])
    const [name] = await changed('optimizer/sgd.json', (t) => (t.optimizer = 'Sofia'))
    expect([name!.passed, name!.worst.what]).toEqual([false, 'the optimizer Sofia is not supported'])
    const [check] = await changed('validation/validation-sgd.json', (t) => (t.checks[0].optimizer = 'Sofia'))
    expect(check!.passed).toBe(false)
  })
})

describe('the kind torch-file', () => {
  const beside = (name: string): Uint8Array => new Uint8Array(readFileSync(new URL(`torch-file/${name}`, folder)))
  const run = (name: string, change: (test: any) => void = () => {}, read = beside) => {
    const test = structuredClone(load(`torch-file/${name}.json`))
    change(test)
    return runCase(test, newArena, read)
  }

  it('continues a file, and writes files for another program to continue', async () => {
    const [outcome] = await run('file-adam-named-onecycle')
    expect([outcome!.passed, outcome!.dtype]).toEqual([true, 'float32'])
    expect(Object.keys((outcome!.result as any).params)).toEqual(['20'])
    expect([...outcome!.files!.keys()]).toEqual(['file-adam-named-onecycle.pt', 'file-adam-named-onecycle.safetensors'])
  })

  it.each(readdirSync(new URL('torch-file', folder)).filter((name) => name.endsWith('.pt')))(
    'continues a file of the format before torch 1.6: %s',
    async (file) => {
      const legacy = (name: string) =>
        name === file ? new Uint8Array(readFileSync(new URL(`../../files/legacy/${name}`, folder))) : beside(name)
      const [outcome] = await run(file.slice(0, -'.pt'.length), undefined, legacy)
      expect([outcome!.passed, outcome!.dtype]).toEqual([true, 'float32'])
    },
  )

  it.each<[string, (test: any) => void, string]>([
    ['a parameter', (t) => (t.expected.float64.params_after_20[0][0] += 1e-4), 'params[20][0]'],
    ['a learning rate', (t) => (t.expected.float64.lr_after_20[1] *= 1 + 1e-9), 'lr[1]'],
    ['a gradient of the second half', (t) => (t.grads_11_to_20[3][1][0] += 0.25), 'params[20][1]'],
    ['a gradient of the first half', (t) => (t.grads_1_to_10[3][1][0] += 0.25), 'file-adam-named-onecycle.safetensors[1]'],
    ['an option', (t) => (t.options.amsgrad = false), 'file-adam-named-onecycle.pt: keys and shapes'],
  ])('fails when %s differs', async (_, change, what) => {
    const [outcome] = await run('file-adam-named-onecycle', change)
    expect([outcome!.passed, outcome!.worst.what]).toEqual([false, what])
  })

  it('steps ReduceLROnPlateau with the metrics of both halves', async () => {
    const [outcome] = await run('file-sgd-plateau-nonfinite')
    expect([outcome!.passed, [...outcome!.files!.keys()]]).toEqual([
      true,
      ['file-sgd-plateau-nonfinite.pt', 'file-sgd-plateau-nonfinite.safetensors'],
    ])
    const [falling] = await run(
      'file-sgd-plateau-nonfinite',
      (t) => (t.metrics_11_to_20 = t.metrics_11_to_20.map((_: string, i: number) => -i)),
    )
    expect([falling!.passed, falling!.worst.what]).toEqual([false, 'lr[0]'])
    const [emitted] = await run('file-sgd-plateau', (t) => (t.metrics_1_to_10 = t.metrics_1_to_10.map(() => 'NaN')))
    expect(emitted!.worst.what).toMatch(/^file-sgd-plateau\.pt: number/)
    expect(emitted!.passed).toBe(false)
  })

  it('reports a missing or invalid file', async () => {
    const missing = (name: string): Uint8Array => {
      throw new Error(`no ${name}`)
    }
    expect((await run('file-adam-swa', undefined, missing))[0]!.worst.what).toBe('no file-adam-swa.pt')
    expect((await run('file-adam-swa', undefined, () => new Uint8Array(3)))[0]!.worst.what).toMatch(/^this is not a torch\.save file/)
    expect((await runCase(load('torch-file/file-adam-swa.json'), newArena))[0]!.worst.what).toMatch(
      /needs the file file-adam-swa\.pt beside it$/,
    )
  })
})

describe('the format', () => {
  it('writes numbers that JSON lacks as strings, and reads them back', () => {
    const numbers = [Number.NaN, Infinity, -Infinity, 0.1, Math.fround(0.1)]
    expect(written(new Float64Array(numbers))).toEqual(['NaN', 'Infinity', '-Infinity', 0.1, 0.10000000149011612])
    expect((written(numbers) as (string | number)[]).map(read)).toEqual(numbers)
    expect(() => read('many')).toThrow("a number must be a number, 'NaN', 'Infinity' or '-Infinity', got \"many\"")
  })
})

describe('numbers that JSON lacks', () => {
  const spec = { name: 'ReduceLROnPlateau', options: { patience: 'Infinity' } }

  it.each<[string, string, (test: any) => void, (result: any) => unknown, unknown]>([
    [
      'the metric of a step',
      'optimizer/sgd.json',
      (t) => {
        t.scheduler = spec
        for (const step of t.steps) step.metric = 'NaN'
      },
      (result) => result.scheduler_state.best,
      'Infinity',
    ],
    [
      'the metric of a call',
      'scheduler/scheduler-plateau.json',
      (t) => (t.calls = [{ metric: '-Infinity' }]),
      ({ state }) => state.best,
      '-Infinity',
    ],
    [
      'an option of a scheduler',
      'scheduler/scheduler-plateau.json',
      (t) => (t.scheduler = spec),
      ({ state }) => state.patience,
      'Infinity',
    ],
    [
      'the table of a function',
      'scheduler/scheduler-lambda.json',
      (t) => Object.assign(t, { scheduler: { name: 'LambdaLR', options: { lr_lambda: { table: [1, 'Infinity'] } } }, calls: [{}] }),
      ({ lr }) => lr[1],
      ['Infinity', 'Infinity'],
    ],
    [
      'the initial state of a group',
      'scheduler/scheduler-lambda-late.json',
      (t) => (t.initial_state[0].initial_lr = 'Infinity'),
      ({ lr }) => lr[0][0],
      'Infinity',
    ],
    ['the matrix of an objective', 'optimizer/lbfgs-quadratic.json', (t) => (t.objective.A[0][0] = 'NaN'), ({ loss }) => loss[0], 'NaN'],
    [
      'a parameter',
      'optimizer/sgd.json',
      (t) => (t.params[0].data[0] = '-Infinity'),
      ({ params }) => params[t1(params)][0][0],
      '-Infinity',
    ],
    [
      'a gradient',
      'optimizer/sgd.json',
      (t) => (t.steps[0].grads[0][0] = 'Infinity'),
      ({ params }) => params[t1(params)][0][0],
      '-Infinity',
    ],
    [
      'the norm to clip at',
      'training/train-tanh-momentum.json',
      (t) => (t.clip = { max_norm: 'Infinity' }),
      ({ grad_norm }) => typeof grad_norm[0],
      'number',
    ],
    ['a weight', 'training/train-tanh-momentum.json', (t) => (t.weights['0.bias'].data[0] = 'NaN'), ({ loss }) => loss[0], 'NaN'],
    ['an upstream gradient', 'function/fn-mul-same.json', (t) => (t.upstream.data[0] = 'NaN'), ({ grads }) => grads.input[0], 'NaN'],
  ])('are read in %s', async (_, path, change, look, want) => {
    const test = structuredClone(load(path)) as any
    delete test.expected
    change(test)
    for (const { passed, worst, result } of await run(test)) {
      expect([passed, worst.what]).toEqual([true, ''])
      expect(look(result)).toEqual(want)
    }
  })

  it('stay strings in names', () => {
    const inputs = { name: 'NaN', names: ['Infinity'], reduction: 'mean', deep: [[{ a: '-Infinity', b: 'NaN', c: null }]] }
    expect(readInputs(inputs)).toEqual({ ...inputs, deep: [[{ a: -Infinity, b: Number.NaN, c: null }]] })
  })
})

/** The first recorded step. */
const t1 = (params: object) => Object.keys(params)[0]!

describe('the committed cases', () => {
  const cases = ['optimizer', 'scheduler', 'torch-file'].flatMap((kind) =>
    readdirSync(new URL(kind, folder))
      .filter((name) => name.endsWith('.json'))
      .map((name) => load(`${kind}/${name}`)),
  ) as any[]
  const allExported = Object.entries(downhill).filter(([, value]) => typeof value === 'function' && value.prototype) as [string, any][]
  const optimizers = allExported.filter(([, Class]) => Class.prototype instanceof downhill.Optimizer)
  const schedulers = allExported.filter(([, Class]) => Class.prototype instanceof downhill.LRScheduler)

  it('cover all of torch.optim', () => {
    expect([optimizers.length, schedulers.length]).toEqual([15, 16])
  })

  it.each(optimizers)('%s has at least four cases, one resumed, one in a file, and every boolean on and off', (name, { declaration }) => {
    const own = cases.filter(({ kind, optimizer }) => kind === 'optimizer' && optimizer === name)
    expect(own.length).toBeGreaterThanOrEqual(4)
    expect(own.some(({ resume }) => resume)).toBe(true)
    expect(cases.some(({ kind, optimizer }) => kind === 'torch-file' && optimizer === name)).toBe(true)
    for (const [option, declared] of Object.entries<Option<unknown>>(declaration.options)) {
      if (typeof declared.default !== 'boolean' || declared.fixed || KERNEL_CHOICES.has(option)) continue
      const key = torchKey(option, declaration.options)
      const values = own.flatMap(({ options, groups }) => [options, ...groups.map((group: any) => group.options)].map((o) => o[key]))
      expect(new Set(values.map((value) => value ?? declared.default)), option).toEqual(new Set([true, false]))
    }
  })

  it.each(schedulers)('%s has at least three cases, one resumed and one in a file', (name) => {
    const within = (spec: any): string[] => (spec ? [spec.name, ...(spec.schedulers ?? []).flatMap(within)] : [])
    const own = cases.filter(({ scheduler }) => within(scheduler).includes(name))
    expect(own.length).toBeGreaterThanOrEqual(3)
    expect(own.some(({ resume }) => resume)).toBe(true)
    expect(own.some(({ kind }) => kind === 'torch-file')).toBe(true)
  })
})
