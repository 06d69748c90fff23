/** Writes the documentation as static pages: the repository's Markdown files, with code highlighted and math typeset at build time. */
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, dirname, join, normalize } from 'node:path'
import { fileURLToPath } from 'node:url'
import hljs from 'highlight.js/lib/core'
import bash from 'highlight.js/lib/languages/bash'
import javascript from 'highlight.js/lib/languages/javascript'
import json from 'highlight.js/lib/languages/json'
import python from 'highlight.js/lib/languages/python'
import typescript from 'highlight.js/lib/languages/typescript'
import { Marked } from 'marked'
import MiniSearch from 'minisearch'
import { indexOptions } from './docs/terms.mjs'
import { mathml } from './equations.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))

for (const [name, language] of Object.entries({ js: javascript, ts: typescript, sh: bash, python, json })) {
  hljs.registerLanguage(name, language)
}

/** [file, page, title] in sidebar order, grouped by purpose. */
const groups = {
  Learn: [
    ['README.md', 'index', 'Start'],
    ['docs/choosing.md', 'choosing', 'Choosing an optimizer'],
    ['docs/coming-from-pytorch.md', 'coming-from-pytorch', 'Coming from PyTorch'],
    ['docs/coming-from-tensorflow.md', 'coming-from-tensorflow', 'Coming from TensorFlow.js'],
    ['docs/recipes.md', 'recipes', 'Recipes'],
    ['examples/README.md', 'examples', 'Examples'],
  ],
  Do: [
    ['docs/compare.md', 'compare', 'Comparing optimizers'],
    ['docs/tables.md', 'tables', 'Tables'],
    ['docs/checkpoints.md', 'checkpoints', 'Checkpoints'],
    ['docs/threads.md', 'threads', 'Threads'],
    ['docs/runtimes.md', 'runtimes', 'Runtimes'],
    ['datasets/README.md', 'data', 'Bundled data'],
    ['CONTRIBUTING.md', 'contributing', 'Contributing'],
  ],
  'Look up': [
    ['docs/optimizers.md', 'optimizers', 'Optimizers'],
    ['docs/schedulers.md', 'schedulers', 'Schedulers'],
    ['docs/api.md', 'api', 'API reference'],
    ['docs/errors.md', 'errors', 'Errors'],
    ['docs/differences.md', 'differences', 'Differences from torch'],
    ['docs/numerics.md', 'numerics', 'Numerics'],
    ['docs/conformance.md', 'conformance', 'Conformance'],
    ['docs/abi.md', 'abi', 'Binary interface'],
    ['docs/performance.md', 'performance', 'Performance'],
    ['CHANGELOG.md', 'changes', 'Changelog'],
  ],
}
const pages = Object.entries(groups).flatMap(([group, entries]) =>
  entries.map(([file, name, title]) => ({ group, file, name, title, text: readFileSync(join(root, file), 'utf8') })),
)

/** Pages with fewer sections have no table of contents. */
const LEAST_CONTENTS = 4
/** Characters of a section that the search index keeps for excerpts. */
const EXCERPT_LENGTH = 1500

const escaped = (text) => text.replace(/[&<>"]/g, (sign) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[sign])

/** Returns the id that GitHub gives a heading; links in the files rely on it. */
const slug = (text) =>
  text
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, '')
    .trim()
    .replace(/\s/g, '-')

/** Splits the reference into one page per entry point, because a single page would have 3,000 lines. */
function entriesOf(page) {
  const [head, ...sections] = page.text.split(/^## (?=`downhill)/m)
  const entries = sections.map((text) => {
    const title = text.match(/^`(.*)`/)[1]
    return { ...page, name: `api-${title.split('/')[1] ?? 'index'}`, title, text: `# ${text.replace(/^#(#+ )/gm, '$1')}`, within: page }
  })
  const names = ({ text }) => [...text.matchAll(/^## (.*)$/gm)].map(([, name]) => name)
  const list = entries.map((entry) => {
    const links = names(entry).map((name) => `[${name}](${entry.name}.html#${slug(name)})`)
    return `## \`${entry.title}\`\n\n[All of \`${entry.title}\`](${entry.name}.html): ${links.join(' · ')}\n`
  })
  return [{ ...page, text: head + list.join('\n') }, ...entries]
}

const all = pages.flatMap((page) => (page.name === 'api' ? entriesOf(page) : [page]))
const isReceipt = (path) => path.startsWith('docs/receipts/')

/** Returns the address on the site of a link in a file; undefined if the site does not have the target. */
function target(href, from) {
  if (/^(https:|#)/.test(href)) return href
  const [path, hash = ''] = href.split('#')
  if (all.some(({ name }) => `${name}.html` === path)) return href
  const file = normalize(join(dirname(from), path))
  const page = pages.find((other) => other.file === file)
  if (page) return `${page.name}.html${hash && `#${hash}`}`
  return isReceipt(file) ? `receipts/${basename(file)}` : undefined
}

/** Reads width and height of a PNG or SVG file. */
function sizeOf(file) {
  const bytes = readFileSync(file)
  if (file.endsWith('.svg')) return /width="(\d+)" height="(\d+)"/.exec(bytes.toString()).slice(1)
  return [bytes.readUInt32BE(16), bytes.readUInt32BE(20)]
}

const highlighted = (code, language) => hljs.highlight(code, { language }).value

/** Lets highlighted code break before methods and after parentheses, but not in strings. */
const breakable = (html) =>
  html.replace(
    /<span class="hljs-string">.*?<\/span>|\((?=[^)])|\.(?=[a-z<])/gi,
    (part) => ({ '(': '(<wbr>', '.': '<wbr>.' })[part] ?? part,
  )

/** Languages of the first column of tables that translate code, by its header. */
const languagesBeside = { PyTorch: 'python', 'TensorFlow.js': 'js' }

/** Renders a table that compares code in two languages. Its roles are explicit, because on a phone its rows become blocks. */
function translation(header, rows, inline) {
  const names = header.map(({ text }) => text)
  const heads = names.map((name) => `<th scope="col" role="columnheader">${name}</th>`).join('')
  const cell = ({ tokens, text }, i) => {
    const language = [languagesBeside[names[0]], 'js'][i]
    const content = language ? `<code>${breakable(highlighted(tokens[0].text, language))}</code>` : inline(tokens)
    return text ? `<td role="cell" data-label="${names[i]}">${content}</td>` : '<td role="cell"></td>'
  }
  const body = rows.map((cells) => `<tr role="row">${cells.map(cell).join('')}</tr>`).join('\n')
  return `<table class="translation" role="table"><thead role="rowgroup"><tr role="row">${heads}</tr></thead><tbody role="rowgroup">${body}</tbody></table>\n`
}

/** Renders a page: its HTML, its headings and its images. */
function render({ file, text }) {
  const headings = []
  const images = []
  const taken = new Map()
  const math = {
    name: 'math',
    level: 'block',
    start: (source) => source.match(/^\$\$/m)?.index,
    tokenizer(source) {
      const found = source.match(/^\$\$\n([\s\S]+?)\n\$\$(?:\n|$)/)
      return found ? { type: 'math', raw: found[0], tex: found[1] } : undefined
    },
    renderer({ tex }) {
      return `<div class="math scroll" role="group" aria-label="Equation" tabindex="0">${mathml(tex)}</div>\n`
    },
  }
  const renderer = {
    // The only HTML in the files are comments for tools.
    html: ({ text }) => (text.trimStart().startsWith('<!--') ? '' : escaped(text)),
    heading({ tokens, depth }) {
      const inner = this.parser.parseInline(tokens)
      const plain = inner
        .replace(/<[^>]+>/g, '')
        .replace(/&(amp|lt|gt|quot|#39);/g, (_, name) => ({ amp: '&', lt: '<', gt: '>' })[name] ?? '')
      const base = slug(plain) || 'section'
      const count = taken.get(base) ?? 0
      taken.set(base, count + 1)
      const id = count ? `${base}-${count}` : base
      headings.push({ id, depth, html: inner.replace(/<\/?a\b[^>]*>/g, '') })
      const anchor = `<a class="anchor" href="#${id}" aria-label="Link to ${escaped(plain)}">#</a>`
      return `<h${depth} id="${id}">${inner}${depth > 1 ? ` ${anchor}` : ''}</h${depth}>\n`
    },
    link({ href, tokens }) {
      const inner = this.parser.parseInline(tokens)
      const to = target(href, file)
      return to === undefined ? inner : `<a href="${escaped(to)}">${inner}</a>`
    },
    codespan: ({ text }) => `<code${text.length < 24 ? ' class="whole"' : ''}>${escaped(text)}</code>`,
    image({ href, text }) {
      const source = join(root, dirname(file), href)
      images.push(source)
      const [width, height] = sizeOf(source)
      return `<img src="${basename(href)}" alt="${escaped(text)}" width="${width}" height="${height}">`
    },
    code({ text, lang }) {
      const html = lang && hljs.getLanguage(lang) ? highlighted(text, lang) : escaped(text)
      return `<pre role="group" aria-label="${lang ? 'Code' : 'Output'}" tabindex="0"><code>${html}</code></pre>\n`
    },
    table({ header, rows }) {
      if (header[0].text in languagesBeside) return translation(header, rows, (tokens) => this.parser.parseInline(tokens))
      const cell = ({ tokens, align, text }, tag) => {
        const content = this.parser.parseInline(tokens)
        const isLong = content.replace(/<[^>]+>/g, '').length > 30
        const classes = [align, isLong && 'words'].filter(Boolean).join(' ')
        const inner = `${classes && ` class="${classes}"`}>${content}`
        // An empty header cell is a data cell.
        return tag === 'th' && text ? `<th scope="col"${inner}</th>` : `<td${inner}</td>`
      }
      const row = (cells, tag) => {
        const [, code] = (file === 'docs/errors.md' && cells[0].text.match(/^`([a-z-]+)`$/)) || []
        return `<tr${code ? ` id="${code}"` : ''}>${cells.map((one) => cell(one, tag)).join('')}</tr>`
      }
      const head = header.some(({ text }) => text) ? `<thead>${row(header, 'th')}</thead>` : ''
      const body = `<tbody>${rows.map((cells) => row(cells, 'td')).join('\n')}</tbody>`
      return `<div class="scroll" role="group" aria-label="Table" tabindex="0"><table>${head}${body}</table></div>\n`
    },
  }
  const html = new Marked({ extensions: [math], renderer }).parse(text)
  return { html, headings, images }
}

const listOf = (items) => (items.length ? `<ul>${items.map((item) => `<li>${item}</li>`).join('\n')}</ul>` : '')

function sidebar(page) {
  const link = ({ name, title }) => {
    const text = title.startsWith('downhill') ? `<code>${title}</code>` : escaped(title)
    return `<a href="${name}.html"${name === page.name ? ' aria-current="page"' : ''}>${text}</a>`
  }
  const item = (entry) => link(entry) + listOf(all.filter(({ within }) => within?.file === entry.file).map(link))
  return Object.keys(groups)
    .map((group) => `<p class="group">${group}</p>\n${listOf(all.filter((entry) => entry.group === group && !entry.within).map(item))}`)
    .join('\n')
}

/** Renders the headings below the title as a list of links; empty if a page has few. */
function contentsOf(headings) {
  const inner = headings.filter(({ depth }) => depth === 2)
  return inner.length < LEAST_CONTENTS ? '' : listOf(inner.map(({ id, html }) => `<a href="#${id}">${html}</a>`))
}

const search = `<div class="search" role="search">
<input id="search" type="search" role="combobox" aria-label="Search the documentation" aria-autocomplete="list" aria-controls="search-results" aria-expanded="false" placeholder="Search" autocomplete="off" autocapitalize="off" spellcheck="false">
<kbd aria-hidden="true">/</kbd>
<ul id="search-results" role="listbox" aria-label="Results" hidden></ul>
<p id="search-status" role="status"></p>
</div>`

/** Returns the main page's header with the search box. Its links are relative to the documentation's folder. */
function header(name) {
  const [shared] = readFileSync(join(root, 'web/index.html'), 'utf8').match(/<header[\s\S]*<\/header>/)
  const current = name === 'choosing' ? 'choosing.html' : 'index.html'
  return shared
    .replaceAll('href="#/', 'href="../index.html#/')
    .replaceAll('href="docs/', 'href="')
    .replace(`href="${current}"`, `href="${current}" aria-current="true"`)
    .replace('</header>', `${search}\n</header>`)
}

function document(page, { html, headings }, policy) {
  const at = all.indexOf(page)
  const beside = (step, rel, arrow) => {
    const other = all[at + step]
    return other ? `<a rel="${rel}" href="${other.name}.html">${arrow} ${other.title}</a>` : '<span></span>'
  }
  const pagesNav = sidebar(page)
  const contents = contentsOf(headings)
  const folded =
    contents && `<details class="toc"><summary>On this page</summary><nav aria-label="On this page">${contents}</nav></details>\n`
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="color-scheme" content="light dark">
<title>${page.title === 'Start' ? 'downhill: documentation' : `${page.title} · downhill`}</title>
<link rel="icon" href="../icon.svg" type="image/svg+xml">
<link rel="stylesheet" href="../style.css">
<link rel="stylesheet" href="docs.css">
<script type="module" src="main.js"></script>
</head>
<body class="docs">
<a class="skip" href="#content">Skip to content</a>
${header(page.name)}
<div class="book">
<details class="contents"><summary>All pages</summary><nav aria-label="Documentation">${pagesNav}</nav></details>
<nav class="contents" aria-label="Documentation">${pagesNav}</nav>
<main id="content" tabindex="-1">
${folded}<article>
${html}</article>
<nav class="beside" aria-label="Previous and next page">${beside(-1, 'prev', '←')}${beside(1, 'next', '→')}</nav>
</main>
${contents && `<nav class="toc" aria-label="On this page"><p class="group">On this page</p>${contents}</nav>\n`}</div>
</body>
</html>
`
}

const plainText = (html) =>
  html
    .replace(/<math[\s\S]*?<\/math>|<a class="anchor"[\s\S]*?<\/a>/g, '')
    .replace(/<\/(?:p|li|t[dhr]|pre|h\d)>/g, ' ')
    .replace(/<[^>]+>/g, '')
    .replace(/&(amp|lt|gt|quot|#x27|#39);/g, (_, name) => ({ amp: '&', lt: '<', gt: '>', quot: '"' })[name] ?? "'")
    .replace(/\s+/g, ' ')
    .trim()

/** Splits a rendered page into the documents of the search index: one per heading, with the text up to the next, and one per error code. */
function sectionsOf({ name, title, within }, html) {
  const page = within ? `${within.title}: ${title}` : title
  return html.split(/(?=<(?:h[1-6]|tr) id=")/).flatMap((part) => {
    const [heading, id, inner] = part.match(/^<(?:h[1-6]|tr) id="([^"]*)">([\s\S]*?)<\/(?:h[1-6]|td)>/) ?? []
    if (!heading) return []
    const rest = part.slice(heading.length)
    const text = plainText(rest)
    const members = within ? [...rest.matchAll(/<li><code[^>]*>(?:\w+ )*(\w+)/g)].map(([, member]) => member).join(' ') : ''
    return [{ id: `${name}.html#${id}`, title: plainText(inner), page, members, text, excerpt: text.slice(0, EXCERPT_LENGTH) }]
  })
}

/** Writes the documentation into a folder: a page per file, a style, a search index, and the images and receipts that pages refer to. */
export async function writeSite(folder, policy) {
  mkdirSync(join(folder, 'receipts'), { recursive: true })
  cpSync(join(root, 'web/docs.css'), join(folder, 'docs.css'))
  const index = new MiniSearch(indexOptions)
  for (const page of all) {
    const rendered = render(page)
    for (const image of rendered.images) cpSync(image, join(folder, basename(image)))
    writeFileSync(join(folder, `${page.name}.html`), document(page, rendered, policy))
    index.addAll(sectionsOf(page, rendered.html))
  }
  writeFileSync(join(folder, 'search.json'), JSON.stringify(index))
  const receipts = join(root, 'docs/receipts')
  if (existsSync(receipts)) for (const name of readdirSync(receipts)) cpSync(join(receipts, name), join(folder, 'receipts', name))
}
