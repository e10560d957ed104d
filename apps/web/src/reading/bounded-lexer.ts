import { Lexer, Marked, type Token, Tokenizer, type Tokens } from 'marked'
import { displayMath, displayMathStart, inlineMath } from './math-syntax.ts'

/** How deep lists and quotations may be nested. Deeper ones are shown as text. */
const DEEPEST = 12
/** The longest piece of a paragraph that is parsed at once, in characters. The parser's work grows with the square of some pieces. */
const LONGEST_PIECE = 4_000

class BoundedTokenizer extends Tokenizer {
  #depth = 0

  override blockquote(src: string) {
    return this.#deeper(() => super.blockquote(src))
  }

  override list(src: string) {
    return this.#deeper(() => super.list(src))
  }

  /** A note, `[^1]: text`, is no link definition: its text would disappear. */
  override def(src: string) {
    return /^ {0,3}\[\^/.test(src) ? undefined : super.def(src)
  }

  /** A line below a formula does not make a heading of the lines above it, and is not looked for there. */
  override lheading(src: string) {
    return super.lheading(src.slice(0, displayMathStart(src)))
  }

  #deeper<Result>(parse: () => Result): Result | undefined {
    if (this.#depth >= DEEPEST) return undefined
    this.#depth++
    try {
      return parse()
    } finally {
      this.#depth--
    }
  }
}

const { defaults } = new Marked({ extensions: [displayMath, inlineMath] })

/** A Markdown parser that knows formulas, and whose work for hostile text is bounded. */
export class BoundedLexer extends Lexer {
  constructor() {
    super({ ...defaults, tokenizer: new BoundedTokenizer() })
  }

  override inlineTokens(src: string, tokens: Token[] = []): Token[] {
    if (src.length <= LONGEST_PIECE) return super.inlineTokens(src, tokens)
    for (let at = 0; at < src.length; ) {
      const end = pieceEnd(src, at)
      // Each piece has a list of its own: text at the end of a list is joined with what follows, which must not grow long either.
      tokens.push(...super.inlineTokens(src.slice(at, end), []))
      at = end
    }
    return tokens
  }
}

/** The end of the piece that begins at `at`: at a space if there is one, and never within a character. */
function pieceEnd(src: string, at: number): number {
  const end = at + LONGEST_PIECE
  if (end >= src.length) return src.length
  const space = src.lastIndexOf(' ', end - 1) + 1
  if (space > at + LONGEST_PIECE / 2) return space
  return /[\uD800-\uDBFF]/.test(src.charAt(end - 1)) ? end - 1 : end
}

/** The link definitions of a text, by their names. */
export type Links = Readonly<Record<string, Pick<Tokens.Link, 'href' | 'title'>>>
