import { type StreamParser, StringStream } from '@codemirror/streamparser'
import type { CodeKind, CodeToken, Highlighter } from '../growing-code.ts'
import { copyOf } from './copy-state.ts'
import { PARSERS } from './parsers.ts'

/** A longer line is not highlighted: some parsers look at the rest of the line for each word. */
const LONGEST_LINE = 1_000

const KINDS: Readonly<Record<string, CodeKind>> = {
  keyword: 'keyword',
  modifier: 'keyword',
  operatorKeyword: 'keyword',
  string: 'string',
  regexp: 'string',
  link: 'string',
  number: 'number',
  atom: 'number',
  bool: 'number',
  null: 'number',
  comment: 'comment',
  def: 'name',
  definition: 'name',
  tag: 'name',
  tagName: 'name',
  type: 'type',
  typeName: 'type',
  className: 'type',
  attributeName: 'type',
  attribute: 'type',
  builtin: 'type',
  standard: 'type',
  macroName: 'type',
  meta: 'meta',
  special: 'string',
  inserted: 'inserted',
  deleted: 'deleted',
}

/** By language, how its parser names keys. In other languages a key is a name like any other. */
const KEYS: Readonly<Record<string, string>> = { json: 'string property', toml: 'property', yaml: 'atom' }

const highlighters = new Map<string, Highlighter>()

/** The highlighter of a language by its id; `undefined` if there is none. */
export function highlighterOf(id: string): Highlighter | undefined {
  const parser = PARSERS[id]
  if (!parser) return undefined
  const highlighter = highlighters.get(id) ?? new LineHighlighter(parser, KEYS[id])
  highlighters.set(id, highlighter)
  return highlighter
}

class LineHighlighter implements Highlighter {
  readonly #parser: StreamParser<unknown>
  readonly #key: string | undefined

  constructor(parser: StreamParser<unknown>, key: string | undefined) {
    this.#parser = parser
    this.#key = key
  }

  start(): unknown {
    return this.#parser.startState?.(2) ?? {}
  }

  copy(state: unknown): unknown {
    return copyOf(this.#parser, state)
  }

  highlight(line: string, state: unknown): readonly CodeToken[] {
    if (line.length > LONGEST_LINE) return [{ text: line, kind: undefined }]
    if (line === '') this.#parser.blankLine?.(state, 2)
    return this.#tokens(line, state)
  }

  #tokens(line: string, state: unknown): CodeToken[] {
    const stream = new StringStream(line, 4, 2)
    const tokens: CodeToken[] = []
    while (!stream.eol()) {
      stream.start = stream.pos
      const style = this.#read(stream, state)
      const text = stream.current()
      const kind = style === this.#key ? 'name' : kindOf(style, text)
      const last = tokens.at(-1)
      if (last && last.kind === kind) tokens[tokens.length - 1] = { text: last.text + text, kind }
      else tokens.push({ text, kind })
    }
    return tokens
  }

  /**
   * The style of the next token, empty if it has none. A parser may return a few tokens without text, by which it changes its state.
   */
  #read(stream: StringStream, state: unknown): string {
    for (let attempt = 0; attempt < 10; attempt++) {
      // Some parsers return undefined, against their type.
      const style = this.#parser.token(stream, state) ?? ''
      if (stream.pos > stream.start) return style
    }
    stream.next()
    return ''
  }
}

/** The kind of a style, which is words between dots and spaces, such as `variableName.definition`. The last word that is known counts. */
function kindOf(style: string, text: string): CodeKind | undefined {
  const words = style.split(/[. ]/)
  const kind = KINDS[words.findLast((word) => Object.hasOwn(KINDS, word)) ?? '']
  // Some parsers say of the sign behind a name or a type what they say of the name.
  return (kind === 'type' || kind === 'name') && !/[\p{L}\d_]/u.test(text) ? undefined : kind
}
