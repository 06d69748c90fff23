/** Reads the coding of a table from a checkpoint. The file may be hostile, so everything is checked. */
import { type Dict, isDict } from '../io/dict.ts'
import { DownhillError } from '../validation/errors.ts'
import type { ColumnCoding } from './coding.ts'
import type { Dataset, TableCoding, TargetCoding } from './dataset.ts'
import { DATE_PARTS } from './dates.ts'
import { type Architecture, isDropout, isHidden } from './perceptron.ts'

/** A table model without its weights. */
export interface SavedTable extends TableCoding, Architecture {}

/** Returns the table model of a data set, without its weights; undefined if the data set has no coding. */
export function tableModel({ coding }: Dataset, { hidden, dropout = 0 }: Architecture): SavedTable | undefined {
  return coding && { ...coding, hidden, dropout }
}

const isText = (value: unknown): value is string => typeof value === 'string'
const isNumber = (value: unknown): value is number => typeof value === 'number' && Number.isFinite(value)
const isScale = (value: unknown) => isDict(value) && isNumber(value.mean) && isNumber(value.deviation) && value.deviation !== 0
const isTexts = (value: unknown): value is string[] => Array.isArray(value) && value.every(isText)

function isNotation(value: unknown): boolean {
  if (!isDict(value)) return false
  const { decimal, group, unit } = value
  return (decimal === '.' || decimal === ',') && isText(group) && group.length <= 1 && isText(unit) && unit.length <= 8
}

function isColumn(value: unknown): value is ColumnCoding {
  if (!isDict(value) || !isText(value.name)) return false
  switch (value.kind) {
    case 'number':
      return isNotation(value.notation) && isScale(value)
    case 'boolean':
      return isText(value.no) && isText(value.yes) && isScale(value)
    case 'text':
      return isTexts(value.categories) && typeof value.hasOther === 'boolean'
    case 'date': {
      const { scales, order } = value
      const isOrder = order === 'ymd' || order === 'dmy' || order === 'mdy'
      return (
        isOrder && Array.isArray(scales) && scales.length === DATE_PARTS.length && scales.every((scale) => scale === null || isScale(scale))
      )
    }
    default:
      return false
  }
}

function isTarget(value: unknown): value is TargetCoding {
  if (!isDict(value) || !isText(value.name)) return false
  return 'classes' in value ? isTexts(value.classes) && value.classes.length > 1 : isNotation(value.notation) && isScale(value)
}

/**
 * Returns the table model of a checkpoint, checked.
 *
 * @throws `file-invalid` if the checkpoint has no table model, or it is damaged
 */
export function savedTable(contents: Dict): SavedTable {
  const { table } = contents
  if (!isDict(contents.best) || !isDict(table))
    throw new DownhillError('file-invalid', 'this checkpoint has no table model; downhill train --data … --save FILE writes one')
  const { columns, target } = table
  const fits = Array.isArray(columns) && columns.every(isColumn) && isTarget(target) && isHidden(table.hidden) && isDropout(table.dropout)
  if (!fits) throw new DownhillError('file-invalid', 'the table model of this checkpoint is damaged')
  return table as unknown as SavedTable
}
