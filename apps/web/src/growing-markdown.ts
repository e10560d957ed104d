import { Lexer, type Token, type TokensList } from 'marked'

/** The parsed blocks of a Markdown text that grows at its end. */
export interface GrowingMarkdown {
  /** The blocks in pages of `PAGE`, so that one comparison finds an unchanged page. */
  readonly pages: readonly (readonly Token[])[]
  /** How many blocks are settled: no further text can change them. */
  readonly settledBlocks: number
  /** The text of the settled blocks. */
  readonly settledText: string
  /** The link definitions so far, for links such as `[text][name]`. */
  readonly links: TokensList['links']
}

const PAGE = 16

export const EMPTY_MARKDOWN: GrowingMarkdown = { pages: [], settledBlocks: 0, settledText: '', links: {} }

/**
 * Parses a text. If it continues the text before, only its end is parsed, so the work for a token does not grow with the text.
 * The result differs from parsing the whole text in one case: a link definition has no effect on settled blocks above it.
 * @param before the result for the text before, or `EMPTY_MARKDOWN`
 */
export function parseFurther(before: GrowingMarkdown, text: string): GrowingMarkdown {
  const lines = text.includes('\r') ? text.replaceAll(/\r\n?/g, '\n') : text
  const known = lines.startsWith(before.settledText) ? before : EMPTY_MARKDOWN
  const lexer = new Lexer()
  Object.assign(lexer.tokens.links, known.links)
  const open = lexer.lex(lines.slice(known.settledText.length))
  const settled = settledOf(open)
  const settledRaw = settled.map(({ raw }) => raw).join('')
  const keptPages = Math.floor(known.settledBlocks / PAGE)
  const blocks = [
    ...known.pages
      .slice(keptPages)
      .flat()
      .slice(0, known.settledBlocks % PAGE),
    ...open,
  ]
  // Blocks settle only if their sources are exactly the text. Otherwise the next call would go on at the wrong position.
  const isWhole = lines.startsWith(settledRaw, known.settledText.length)
  return {
    pages: [...known.pages.slice(0, keptPages), ...pagesOf(blocks)],
    settledBlocks: known.settledBlocks + (isWhole ? settled.length : 0),
    settledText: known.settledText + (isWhole ? settledRaw : ''),
    links: lexer.tokens.links,
  }
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
