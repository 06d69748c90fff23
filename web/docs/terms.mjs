/** The search index's options and terms, shared by the build, which writes the index, and the page, which queries it. */

/** Options of the MiniSearch index. `members` are the names of a class's methods and properties, `excerpt` is the start of `text`. */
export const indexOptions = {
  fields: ['title', 'page', 'members', 'text'],
  storeFields: ['title', 'page', 'excerpt'],
  tokenize: (text) => words(text).flatMap(termsOf),
  processTerm: (term) => term,
}

/** Splits text into words; names such as `weightDecay`, `weight_decay` and `option-range` are one word. */
export function words(text) {
  return text.match(/[\p{L}\p{N}]+(?:[_-][\p{L}\p{N}]+)*/gu) ?? []
}

/** Returns a word's terms: all of it in lowercase without separators, then its parts. `weightDecay` gives weightdecay, weight and decay. */
export function termsOf(word) {
  const parts = word.split(/[_-]|(?<=[\p{Ll}\p{N}])(?=\p{Lu})|(?<=\p{Lu})(?=\p{Lu}\p{Ll})/u).map((part) => part.toLowerCase())
  const whole = parts.join('')
  return parts.length > 1 ? [whole, ...parts.filter((part) => part.length > 1)] : [whole]
}
