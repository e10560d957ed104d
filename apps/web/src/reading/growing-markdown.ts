import type { Token } from 'marked'
import { BoundedLexer, type Links } from './bounded-lexer.ts'
import { LinkUses } from './link-uses.ts'

/** The parsed blocks of a Markdown text that grows at its end. */
export interface GrowingMarkdown {
  /** The blocks in pages of `PAGE`, so that one comparison finds an unchanged page. */
  readonly pages: readonly (readonly Token[])[]
  /** How many blocks are settled: no further text can change them, except for the links in them that are defined later. */
  readonly settledBlocks: number
  /** The text of the settled blocks. */
  readonly settledText: string
  /** The link definitions in the settled blocks. */
  readonly settledLinks: Links
  /** The settled blocks that a link definition can change. It is shared with the results for longer texts. */
  readonly linkUses: LinkUses | undefined
  /** All link definitions. */
  readonly links: Links
}

const PAGE = 16

export const EMPTY_MARKDOWN: GrowingMarkdown = {
  pages: [],
  settledBlocks: 0,
  settledText: '',
  settledLinks: {},
  linkUses: undefined,
  links: {},
}

/**
 * Parses a text. If it continues the text before, only its end is parsed, so the work for a token does not grow with the text. The
 * result is always the same as that of parsing the whole text at once.
 * @param before the result for the text before, or `EMPTY_MARKDOWN`
 */
export function parseFurther(before: GrowingMarkdown, text: string): GrowingMarkdown {
  const lines = text.includes('\r') ? text.replaceAll(/\r\n?/g, '\n') : text
  const known = lines.startsWith(before.settledText) ? before : EMPTY_MARKDOWN
  const rest = lines.slice(known.settledText.length)
  const { tokens: open, links } = parse(rest, known.settledLinks)
  const relinked = relink(known, links)
  // Two blocks became one, or one became two: rare enough to begin again.
  if (!relinked) return parseFurther(EMPTY_MARKDOWN, text)
  const settled = settledOf(open)
  const settledRaw = settled.map(({ raw }) => raw).join('')
  // Blocks settle only if their sources are exactly the text. Otherwise the next call would go on at the wrong position.
  const isWhole = settled.length > 0 && rest.startsWith(settledRaw)
  const linkUses = known.linkUses ?? new LinkUses()
  if (isWhole) linkUses.add(settled, known.settledBlocks)
  const keptPages = Math.floor(known.settledBlocks / PAGE)
  const blocks = [
    ...relinked
      .slice(keptPages)
      .flat()
      .slice(0, known.settledBlocks % PAGE),
    ...open,
  ]
  return {
    pages: [...relinked.slice(0, keptPages), ...pagesOf(blocks)],
    settledBlocks: known.settledBlocks + (isWhole ? settled.length : 0),
    settledText: known.settledText + (isWhole ? settledRaw : ''),
    settledLinks: isWhole ? linksAfter(settledRaw, known.settledLinks) : known.settledLinks,
    linkUses,
    links,
  }
}

function parse(text: string, linksBefore: Links): { tokens: readonly Token[]; links: Links } {
  const lexer = new BoundedLexer()
  Object.assign(lexer.tokens.links, linksBefore)
  const tokens = lexer.lex(text)
  return { tokens: [...tokens], links: lexer.tokens.links }
}

/** The definitions of settled text and of those before it. The first definition of a name counts. */
function linksAfter(settledText: string, linksBefore: Links): Links {
  if (!settledText.includes(']:')) return linksBefore
  const lexer = new BoundedLexer()
  Object.assign(lexer.tokens.links, linksBefore)
  // The blank line ends the text as the next block does: a formula without an end goes on to the end of a text, but not over a blank line.
  lexer.blockTokens(`${settledText}\n\n`)
  return lexer.tokens.links
}

/**
 * The pages with the settled blocks parsed again that use a link whose definition came, changed or went.
 * @returns `undefined` if a block cannot be parsed on its own
 */
function relink(known: GrowingMarkdown, links: Links): readonly (readonly Token[])[] | undefined {
  const names = changedNames(known.links, links)
  const changed = [...(known.linkUses?.of(names) ?? [])].filter((index) => index < known.settledBlocks)
  if (changed.length === 0) return known.pages
  const pages = [...known.pages]
  for (const index of changed) {
    const page = pages[Math.floor(index / PAGE)] ?? []
    const before = page[index % PAGE]
    if (!before) return undefined
    const [after, ...more] = parse(before.raw, links).tokens
    if (!after || more.length > 0 || after.type !== before.type || after.raw !== before.raw) return undefined
    pages[Math.floor(index / PAGE)] = page.with(index % PAGE, after)
  }
  return pages
}

function changedNames(before: Links, after: Links): string[] {
  const isSame = (name: string) =>
    before[name]?.href === after[name]?.href && before[name]?.title === after[name]?.title
  return [...new Set([...Object.keys(before), ...Object.keys(after)])].filter((name) => !isSame(name))
}

/**
 * The blocks that further text cannot change: all but the last two. Further text can continue or split the last block, and the last
 * block can still merge into the block before.
 */
function settledOf(tokens: readonly Token[]): readonly Token[] {
  const solid = tokens.flatMap(({ type }, index) => (type === 'space' ? [] : index))
  return tokens.slice(0, solid.at(-2) ?? 0)
}

function pagesOf(blocks: readonly Token[]): Token[][] {
  return Array.from({ length: Math.ceil(blocks.length / PAGE) }, (_, page) =>
    blocks.slice(page * PAGE, (page + 1) * PAGE),
  )
}
