/** The documentation as static pages: the Markdown files of the repository, with code coloured and math set when they are built. */
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, dirname, join, normalize } from 'node:path'
import hljs from 'highlight.js/lib/core'
import bash from 'highlight.js/lib/languages/bash'
import javascript from 'highlight.js/lib/languages/javascript'
import json from 'highlight.js/lib/languages/json'
import python from 'highlight.js/lib/languages/python'
import typescript from 'highlight.js/lib/languages/typescript'
import { Marked } from 'marked'
import { mathml } from './equations.mjs'

const root = new URL('..', import.meta.url).pathname

for (const [name, language] of Object.entries({ js: javascript, ts: typescript, sh: bash, python, json })) {
  hljs.registerLanguage(name, language)
}

/** [file, page, title], in the order of the list at the side. */
const pages = [
  ['README.md', 'index', 'Start'],
  ['docs/choosing.md', 'choosing', 'Choosing an optimizer'],
  ['docs/compare.md', 'compare', 'Comparing'],
  ['docs/recipes.md', 'recipes', 'Recipes'],
  ['docs/optimizers.md', 'optimizers', 'Optimizers'],
  ['docs/schedulers.md', 'schedulers', 'Schedulers'],
  ['docs/api.md', 'api', 'Reference'],
  ['docs/checkpoints.md', 'checkpoints', 'Checkpoints'],
  ['docs/differences.md', 'differences', 'Differences from torch'],
  ['docs/errors.md', 'errors', 'Errors'],
  ['docs/runtimes.md', 'runtimes', 'Runtimes'],
  ['docs/performance.md', 'performance', 'Performance'],
  ['docs/numerics.md', 'numerics', 'Numerics'],
  ['docs/conformance.md', 'conformance', 'Conformance'],
  ['docs/abi.md', 'abi', "The binary's interface"],
  ['examples/README.md', 'examples', 'Examples'],
  ['datasets/README.md', 'data', 'Data'],
  ['CONTRIBUTING.md', 'contributing', 'Contributing'],
  ['CHANGELOG.md', 'changes', 'Changes'],
]
  .filter(([file]) => existsSync(join(root, file)))
  .map(([file, name, title]) => ({ file, name, title, text: readFileSync(join(root, file), 'utf8') }))

const escaped = (text) => text.replace(/[&<>"]/g, (sign) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[sign])

/** What GitHub makes of a heading's text, which links in the files count on. */
const slug = (text) =>
  text
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, '')
    .trim()
    .replace(/\s/g, '-')

/** The reference is a page an entry of the package: all in one it would be of 3,000 lines. */
function entriesOf(page) {
  const [head, ...sections] = page.text.split(/^## (?=`downhill)/m)
  const entries = sections.map((text) => {
    const title = text.match(/^`(.*)`/)[1]
    return { ...page, name: `api-${title.split('/')[1] ?? 'index'}`, title, text: `# ${text.replace(/^#(#+ )/gm, '$1')}`, within: page }
  })
  const names = ({ text }) => [...text.matchAll(/^## (.*)$/gm)].map(([, name]) => name)
  const list = entries.map((entry) => {
    const links = names(entry).map((name) => `[${name}](${entry.name}.html#${slug(name)})`)
    return `## \`${entry.title}\`\n\n[All of it on one page](${entry.name}.html): ${links.join(' · ')}\n`
  })
  return [{ ...page, text: head + list.join('\n') }, ...entries]
}

const all = pages.flatMap((page) => (page.name === 'api' ? entriesOf(page) : [page]))
const isReceipt = (path) => path.startsWith('docs/receipts/')

/** Where a link in a file leads on the site: undefined if what it names is not there. */
function target(href, from) {
  if (/^(https:|#)/.test(href)) return href
  const [path, hash = ''] = href.split('#')
  if (all.some(({ name }) => `${name}.html` === path)) return href
  const file = normalize(join(dirname(from), path))
  const page = pages.find((other) => other.file === file)
  if (page) return `${page.name}.html${hash && `#${hash}`}`
  return isReceipt(file) ? `receipts/${basename(file)}` : undefined
}

/** Width and height as a PNG file has them. */
function sizeOf(file) {
  const bytes = readFileSync(file)
  return [bytes.readUInt32BE(16), bytes.readUInt32BE(20)]
}

/** A page's text as HTML, its headings, and the images it shows. */
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
    // What stands in the files as HTML are marks for tools.
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
      const html = lang && hljs.getLanguage(lang) ? hljs.highlight(text, { language: lang }).value : escaped(text)
      return `<pre role="group" aria-label="${lang ? 'Code' : 'Output'}" tabindex="0"><code>${html}</code></pre>\n`
    },
    table({ header, rows }) {
      const cell = ({ tokens, align, text }, tag) => {
        const content = this.parser.parseInline(tokens)
        const isLong = content.replace(/<[^>]+>/g, '').length > 30
        const classes = [align, isLong && 'words'].filter(Boolean).join(' ')
        const inner = `${classes && ` class="${classes}"`}>${content}`
        // A header without a text heads nothing.
        return tag === 'th' && text ? `<th scope="col"${inner}</th>` : `<td${inner}</td>`
      }
      const row = (cells, tag) => `<tr>${cells.map((one) => cell(one, tag)).join('')}</tr>`
      const head = header.some(({ text }) => text) ? `<thead>${row(header, 'th')}</thead>` : ''
      const body = `<tbody>${rows.map((cells) => row(cells, 'td')).join('\n')}</tbody>`
      return `<div class="scroll" role="group" aria-label="Table" tabindex="0"><table>${head}${body}</table></div>\n`
    },
  }
  const html = new Marked({ extensions: [math], renderer }).parse(text)
  return { html, headings, images }
}

function sidebar(page, headings) {
  const within = headings.filter(({ depth }) => depth === 2)
  const link = ({ name, title }) =>
    `<a href="${name}.html"${name === page.name ? ' aria-current="page"' : ''}>${/^downhill/.test(title) ? `<code>${title}</code>` : title}</a>`
  const list = (items) => (items.length ? `<ul>${items.map((item) => `<li>${item}</li>`).join('\n')}</ul>` : '')
  const parts = within.map(({ id, html }) => `<a href="#${id}">${html}</a>`)
  const item = (entry) => link(entry) + (entry.name === page.name ? list(parts) : '')
  const outer = all
    .filter((entry) => !entry.within)
    .map((entry) => {
      const inner = all.filter(({ within }) => within?.file === entry.file)
      return inner.length ? link(entry) + list(inner.map(item)) : item(entry)
    })
  return list(outer)
}

/** The page's own header, as seen from a folder below it. */
function header(name) {
  const [shared] = readFileSync(join(root, 'web/index.html'), 'utf8').match(/<header[\s\S]*<\/header>/)
  const current = name === 'choosing' ? 'choosing.html' : 'index.html'
  return shared
    .replaceAll('href="#/', 'href="../index.html#/')
    .replaceAll('href="docs/', 'href="')
    .replace(`href="${current}"`, `href="${current}" aria-current="true"`)
}

function document(page, policy) {
  const { html, headings, images } = render(page)
  const at = all.indexOf(page)
  const beside = (step, rel, says) => {
    const other = all[at + step]
    return other ? `<a rel="${rel}" href="${other.name}.html">${says} ${other.title}</a>` : '<span></span>'
  }
  const contents = sidebar(page, headings)
  const whole = `<!doctype html>
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
</head>
<body>
<a class="skip" href="#content">To the content</a>
${header(page.name)}
<div class="book">
<details class="contents"><summary>Contents</summary><nav aria-label="Documentation">${contents}</nav></details>
<nav class="contents" aria-label="Documentation">${contents}</nav>
<main id="content" tabindex="-1">
<article>
${html}</article>
<nav class="beside" aria-label="Pages before and after">${beside(-1, 'prev', '←')}${beside(1, 'next', '→')}</nav>
</main>
</div>
</body>
</html>
`
  return { html: whole, images }
}

/** Writes the documentation into a folder: a page for each file, a style, and the images and receipts they show or link to. */
export async function writeSite(folder, policy) {
  mkdirSync(join(folder, 'receipts'), { recursive: true })
  cpSync(join(root, 'web/docs.css'), join(folder, 'docs.css'))
  for (const page of all) {
    const { html, images } = document(page, policy)
    for (const image of images) cpSync(image, join(folder, basename(image)))
    writeFileSync(join(folder, `${page.name}.html`), html)
  }
  const receipts = join(root, 'docs/receipts')
  if (existsSync(receipts)) for (const name of readdirSync(receipts)) cpSync(join(receipts, name), join(folder, 'receipts', name))
}
