/** The view "Predict": trains a model on the visitor's table or loads one, and predicts rows. */
import { h, type View } from '../element.ts'
import { saveFile } from '../field.ts'
import { makeChoices } from './choices.ts'
import type { Ask, ModelFacts, Tell } from './messages.ts'
import { makeProgress } from './progress.ts'
import { makeRowForm, type RowForm } from './row-form.ts'
import { makeRowsFile, type RowsFile } from './rows-file.ts'
import { noted, scored } from './scored.ts'

/** Shows the choice of a model, a training run, or a model. */
type Stage = 'choosing' | 'training' | 'predicting'

function mount(place: HTMLElement): () => void {
  const alert = h('p', { className: 'error', role: 'alert' })
  const outcome = h('section', { className: 'outcome', 'aria-label': 'Model' })
  let worker: Worker | undefined
  let rowForm: RowForm | undefined
  let rowsFile: RowsFile | undefined

  function stage(now: Stage): void {
    choices.element.hidden = now !== 'choosing'
    progress.element.hidden = now !== 'training'
    outcome.hidden = now !== 'predicting'
  }

  function fail(message: string): void {
    alert.textContent = message
    choices.showError()
    rowsFile?.showError()
    if (progress.element.hidden) return
    stage('choosing')
    choices.focus()
  }

  function ask(message: Ask): void {
    alert.textContent = ''
    if (!worker) {
      worker = new Worker('predict-worker.js', { type: 'module' })
      worker.onmessage = ({ data }: MessageEvent<Tell>) => hear(data)
      worker.onerror = (event) => {
        event.preventDefault()
        worker?.terminate()
        worker = undefined
        fail(event.message || 'The worker did not start.')
      }
    }
    worker.postMessage(message)
  }

  function showModel(model: ModelFacts): void {
    const { name, target, classes, trained } = model
    const heading = h('h2', { tabIndex: -1 }, `Model of ${target}, ${trained ? 'trained on' : 'from'} ${name}`)
    const again = () => {
      alert.textContent = ''
      stage('choosing')
      choices.focus()
    }
    rowForm = makeRowForm(model, { predict: (row) => ask({ ask: 'row', row }), refuse: fail })
    rowsFile = makeRowsFile(model, { predict: (file) => ask({ ask: 'rows', file }), save: () => ask({ ask: 'savePredictions' }) })
    const save = h('button', { type: 'button', on: { click: () => ask({ ask: 'saveModel' }) } }, 'Save model')
    outcome.replaceChildren(
      heading,
      trained ? h('p', { className: 'hint' }, trained.about) : '',
      trained ? h('p', { className: 'hint' }, trained.threads) : '',
      trained ? scored(trained.scores, 'test rows', classes) : '',
      trained?.notes.length ? noted(trained.notes) : '',
      h('div', { className: 'row' }, trained ? save : '', h('button', { type: 'button', on: { click: again } }, 'Choose another model')),
      h('h2', {}, 'One row'),
      rowForm.element,
      h('h2', {}, 'Many rows'),
      rowsFile.element,
    )
    stage('predicting')
    heading.focus()
  }

  function hear(told: Tell): void {
    switch (told.tell) {
      case 'table':
        return choices.showTable(told)
      case 'begun':
        return progress.begun(told.threads, told.notes)
      case 'progress':
        return progress.show(told.step, told.total, told.text)
      case 'canceled':
        stage('choosing')
        return choices.focus()
      case 'model':
        return showModel(told)
      case 'row':
        return rowForm?.show(told)
      case 'rows':
        return rowsFile?.show(told)
      case 'file':
        return saveFile(told.name, told.bytes, told.type)
      case 'failed':
        return fail(told.message)
    }
  }

  const choices = makeChoices({
    table: (file) => ask({ ask: 'table', file }),
    checkpoint: (file) => ask({ ask: 'checkpoint', file }),
    train(target, task) {
      stage('training')
      progress.begin()
      ask({ ask: 'train', target, task })
    },
    refuse: fail,
  })
  const progress = makeProgress(() => ask({ ask: 'cancel' }))
  place.append(
    h(
      'div',
      { className: 'predict' },
      h('h1', {}, 'Train on a table, predict new rows'),
      h(
        'p',
        { className: 'lead' },
        'Trains a perceptron on your own table with the defaults of downhill train, or loads a saved model. The command and this page read each other’s checkpoints and predict the same bits.',
      ),
      alert,
      choices.element,
      progress.element,
      outcome,
    ),
  )
  stage('choosing')
  return () => worker?.terminate()
}

export const view: View = { title: 'Predict', mount }
