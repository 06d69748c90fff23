/** Searches the documentation with MiniSearch on the index that the build writes. Loaded when the search opens. */
import MiniSearch, { type Query, type SearchResult } from 'minisearch'
import { indexOptions, termsOf, words } from './terms.mjs'

/** A section that matches. */
export interface Found {
  /** Address, relative to the documentation's folder. */
  readonly href: string
  readonly title: string
  readonly page: string
  readonly excerpt: string
  /** Terms of the index that matched, which the excerpt highlights. */
  readonly terms: readonly string[]
}

const MOST_RESULTS = 15
/** With fewer sections that match every word, sections that match any word follow. */
const FEW_RESULTS = 3
/** Shorter terms match exactly or by prefix only, because one edit makes most of them another word. */
const SHORTEST_FUZZY_TERM = 5
const FUZZINESS = 0.2
/** Ranking weights of pages. The first page translates names that people type. */
const weights: Readonly<Record<string, number>> = {
  'coming-from-pytorch': 1.2,
  contributing: 0.5,
  changes: 0.3,
  'api-compare': 0.3,
}

/** Loads the index from an address. */
export async function loadSearch(address: string): Promise<(text: string) => Found[]> {
  const response = await fetch(address)
  if (!response.ok) throw new Error(`${address}: HTTP ${response.status}`)
  const index = MiniSearch.loadJSON(await response.text(), indexOptions)
  return (text) => {
    const all = words(text).map(queryOf)
    const find = (combineWith: 'AND' | 'OR') =>
      index.search(
        { combineWith, queries: all },
        {
          prefix: true,
          fuzzy: (term) => (term.length >= SHORTEST_FUZZY_TERM ? FUZZINESS : false),
          boost: { title: 4, members: 3, page: 2 },
          boostDocument: (id) => weights[id.replace(/\.html.*/, '')] ?? 1,
        },
      )
    const strict = find('AND')
    const found = strict.length < FEW_RESULTS ? [...strict, ...find('OR').filter(({ id }) => strict.every((one) => one.id !== id))] : strict
    const isExact = ({ title }: SearchResult) => wholeOf(title) === wholeOf(text)
    const ranked = [...found.filter(isExact), ...found.filter((one) => !isExact(one))]
    return ranked.slice(0, MOST_RESULTS).map(({ id, title, page, excerpt, terms }) => ({ href: id, title, page, excerpt, terms }))
  }
}

const wholeOf = (text: string) =>
  words(text)
    .map((word) => termsOf(word)[0])
    .join(' ')

/** A name of several parts matches as a whole or by all of its parts. */
function queryOf(word: string): Query {
  const [whole, ...parts] = termsOf(word)
  return parts.length ? { combineWith: 'OR', queries: [whole!, { combineWith: 'AND', queries: parts }] } : whole!
}
