/** What a piece of code is. */
export type CodeKind = 'keyword' | 'string' | 'number' | 'comment' | 'name' | 'type' | 'meta' | 'inserted' | 'deleted'

export interface CodeToken {
  readonly text: string
  /** `undefined` for code that looks like plain text. */
  readonly kind: CodeKind | undefined
}

/** The pieces of a line with its line break. */
export type HighlightedLine = readonly CodeToken[]

/** Highlights code of one language, line by line. */
export interface Highlighter {
  /** The state before the first line. */
  start(): unknown
  copy(state: unknown): unknown
  /** The tokens of a line, which has no line break. Changes the state to that behind the line. */
  highlight(line: string, state: unknown): readonly CodeToken[]
}

/** The highlighted lines of code that grows at its end. */
export interface GrowingCode {
  readonly code: string
  readonly highlighter: Highlighter | undefined
  /** The lines in groups of `GROUP`, so that a new token lays out only the last group. */
  readonly groups: readonly (readonly HighlightedLine[])[]
  /** The text of the settled lines: those that have ended. */
  readonly settledText: string
  readonly settledLines: number
  /** The state behind the settled lines. */
  readonly state: unknown
}

const GROUP = 20
const BREAK: CodeToken = { text: '\n', kind: undefined }
/** The longest code that is highlighted, in characters. Highlighting more would make an element of each of 50,000 words and signs. */
const LONGEST = 200_000

export const EMPTY_CODE: GrowingCode = {
  code: '',
  highlighter: undefined,
  groups: [],
  settledText: '',
  settledLines: 0,
  state: undefined,
}

/**
 * Highlights code. If it continues the code before, only new lines and the last line are looked at, so the work for a token does not
 * grow with the code.
 * @returns `before` if nothing has changed
 */
export function highlightFurther(before: GrowingCode, code: string, wanted: Highlighter | undefined): GrowingCode {
  const highlighter = code.length > LONGEST ? undefined : wanted
  if (before.code === code && before.highlighter === highlighter) return before
  const isSame = before.highlighter === highlighter && code.startsWith(before.settledText)
  const known = isSame ? before : { ...EMPTY_CODE, highlighter, state: highlighter?.start() }
  const state = highlighter?.copy(known.state)
  const open = code.slice(known.settledText.length)
  const texts = open.split('\n')
  const last = texts.pop() ?? ''
  const settled = texts.map((text) => [...tokensOf(text, highlighter, state), BREAK])
  // The last line may go on, so the state behind it is not kept.
  const lines = last === '' ? settled : [...settled, tokensOf(last, highlighter, highlighter?.copy(state))]
  const kept = Math.floor(known.settledLines / GROUP)
  const ofLastGroup = known.groups[kept]?.slice(0, known.settledLines % GROUP) ?? []
  return {
    code,
    highlighter,
    groups: [...known.groups.slice(0, kept), ...grouped([...ofLastGroup, ...lines])],
    settledText: known.settledText + open.slice(0, open.length - last.length),
    settledLines: known.settledLines + settled.length,
    state,
  }
}

function tokensOf(line: string, highlighter: Highlighter | undefined, state: unknown): readonly CodeToken[] {
  return highlighter?.highlight(line, state) ?? [{ text: line, kind: undefined }]
}

function grouped(lines: readonly HighlightedLine[]): HighlightedLine[][] {
  return Array.from({ length: Math.ceil(lines.length / GROUP) }, (_, group) =>
    lines.slice(group * GROUP, (group + 1) * GROUP),
  )
}
