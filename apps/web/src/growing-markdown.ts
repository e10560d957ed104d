import { Lexer, type Token, type TokensList } from 'marked'

/** Markdown that grows at its end, and its blocks. */
export interface GrowingMarkdown {
  /** The blocks, `PAGE` of them each, so that what has not changed is found without looking at each. */
  readonly pages: readonly (readonly Token[])[]
  /** How many of the blocks no further text can change. */
  readonly settledBlocks: number
  /** The text of these blocks. */
  readonly settledText: string
  /** What the text before has defined for `[text][name]`. */
  readonly links: TokensList['links']
}

const PAGE = 16

export const EMPTY_MARKDOWN: GrowingMarkdown = { pages: [], settledBlocks: 0, settledText: '', links: {} }

/**
 * The blocks of a text; of one that continues the text before, only its end is parsed, so the work for a token does not grow with the
 * text. It differs from parsing all in one thing: a definition of a link counts only for what stands near or below it.
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
  // Only if the blocks are the text, letter by letter: else it would go on at the wrong place.
  const isWhole = lines.startsWith(settledRaw, known.settledText.length)
  return {
    pages: [...known.pages.slice(0, keptPages), ...pagesOf(blocks)],
    settledBlocks: known.settledBlocks + (isWhole ? settled.length : 0),
    settledText: known.settledText + (isWhole ? settledRaw : ''),
    links: lexer.tokens.links,
  }
}

/**
 * What further text cannot change. It can continue or split the last block, and where that is only begun, it may yet become a part
 * of the block before.
 */
function settledOf(tokens: readonly Token[]): readonly Token[] {
  const solid = tokens.flatMap(({ type }, place) => (type === 'space' ? [] : place))
  return tokens.slice(0, solid.at(-2) ?? 0)
}

function pagesOf(blocks: readonly Token[]): Token[][] {
  return Array.from({ length: Math.ceil(blocks.length / PAGE) }, (_, page) =>
    blocks.slice(page * PAGE, (page + 1) * PAGE),
  )
}
