import type { Token, TokenizerExtension, Tokens } from 'marked'

/** A formula in TeX. */
export interface MathToken extends Tokens.Generic {
  readonly type: 'math'
  readonly tex: string
  /** Whether it stands on a line of its own. */
  readonly isDisplay: boolean
  /** Whether its end has come. Before that it is shown as its source. */
  readonly isClosed: boolean
}

/** The longest formula, in characters. A longer one stays text, which also bounds the search for the end of a formula. */
const LONGEST = 5_000

export function isMath(token: Token): token is MathToken {
  return token.type === 'math'
}

/** Where in a paragraph a formula may begin that has lines of its own; `undefined` if nowhere. */
export function displayMathStart(src: string): number | undefined {
  // Only within the paragraph: a search of the whole rest would make the work of a long text quadratic.
  const near = src.slice(0, LONGEST)
  const blank = near.search(/\n[ \t]*\n/)
  const found = /\n {0,3}(?:\$\$|\\\[)/.exec(blank < 0 ? near : near.slice(0, blank))
  return found ? found.index + 1 : undefined
}

/** A formula that begins a line, ends a line, and has no blank line within: `$$…$$` or `\[…\]`. */
export const displayMath: TokenizerExtension = {
  name: 'math',
  level: 'block',
  start: displayMathStart,
  tokenizer(src) {
    const opened = /^ {0,3}(\$\$|\\\[)(?!\$)/.exec(src)
    if (!opened) return undefined
    const near = src.slice(0, LONGEST)
    const blank = near.search(/\n[ \t]*\n/)
    const block = blank < 0 ? near : near.slice(0, blank)
    const close = opened[1] === '$$' ? '$$' : '\\]'
    const end = block.indexOf(close, opened[0].length)
    if (end < 0) return blank < 0 && src.length <= LONGEST ? openMath(src, opened[0]) : undefined
    const tex = block.slice(opened[0].length, end).trim()
    const rest = /^[ \t]*(?:\n|$)/.exec(src.slice(end + close.length, end + close.length + 100))
    if (!rest || tex === '' || (close === '\\]' && !isLikeMath(tex))) return undefined
    const raw = src.slice(0, end + close.length + rest[0].length)
    return { type: 'math', raw, tex, isDisplay: true, isClosed: true } satisfies MathToken
  },
}

/**
 * A formula within a line: `$…$`, `$$…$$`, `\(…\)` or `\[…\]`. A price is no formula: after the first `$` and before the second is no
 * space, and neither stands beside a letter or digit outside.
 */
export const inlineMath: TokenizerExtension = {
  name: 'math',
  level: 'inline',
  start: (src) => src.indexOf('$'),
  tokenizer(src, tokens) {
    if (src.startsWith('\\')) return bracketed(src)
    if (!src.startsWith('$') || /[\p{L}\p{N}$\\]$/u.test(tokens.at(-1)?.raw.slice(-2) ?? '')) return undefined
    const display = /^\$\$((?:\\[\s\S]|[^\\$`])+?)\$\$(?!\$)/.exec(src)
    if (display?.[1]?.trim()) return mathOf(display[0], display[1], true)
    const found = /^\$(?![\s$])((?:\\.|[^\\$`\n])+?)(?<!\s)\$(?![\p{L}\p{N}$])/u.exec(src)
    return found?.[1] && !isPriceInWords(found[1]) ? mathOf(found[0], found[1], false) : undefined
  },
}

function bracketed(src: string): MathToken | undefined {
  const found = /^\\\(((?:\\[^)]|[^\\])+?)\\\)/.exec(src) ?? /^\\\[((?:\\[^\]]|[^\\])+?)\\\]/.exec(src)
  return found?.[1] && isLikeMath(found[1]) ? mathOf(found[0], found[1], src.startsWith('\\[')) : undefined
}

function mathOf(raw: string, tex: string, isDisplay: boolean): MathToken {
  return { type: 'math', raw, tex: tex.trim(), isDisplay, isClosed: true }
}

/** A formula whose end has not come yet. Nothing in it is parsed, so that its lines do not become lists and headings for a moment. */
function openMath(src: string, opener: string): MathToken | undefined {
  if (src.length === opener.length && !opener.includes('$')) return undefined
  return { type: 'math', raw: src, tex: src.trim(), isDisplay: true, isClosed: false }
}

/** Brackets with a backslash are also how Markdown writes plain brackets: `\[1\]` and `\(see below\)` are text. */
function isLikeMath(tex: string): boolean {
  return (
    /[\\^_=+<>]/.test(tex) || /^\s*\p{L}(?:\s*[-*/,|]?\s*[\p{L}\d(),'|])*\s*$/u.test(tex.replaceAll(/\p{L}{2,}/gu, '§'))
  )
}

/** `$5 a month or 10$` */
function isPriceInWords(tex: string): boolean {
  return /^\d/.test(tex) && /\s\p{L}{2,}\s/u.test(tex) && !tex.includes('\\')
}
