import { describe, expect, it } from 'vitest'
import { BoundedLexer } from './bounded-lexer.ts'

const lex = (text: string) => new BoundedLexer().lex(text)

/** How long parsing a text takes, in milliseconds. The best of three, so that other programs count little. */
function msFor(text: string): number {
  const times = Array.from({ length: 3 }, () => {
    const start = performance.now()
    lex(text)
    return performance.now() - start
  })
  return Math.min(...times)
}

const HOSTILE: Readonly<Record<string, (length: number) => string>> = {
  'quotations within quotations': (length) => '>'.repeat(length),
  'quotations within quotations, with spaces': (length) => '> '.repeat(length / 2),
  'lists within lists': (length) => `${'- '.repeat(length / 2)}a`,
  'numbered lists within lists': (length) => `${'1. '.repeat(length / 3)}a`,
  'quotations and lists within each other': (length) => '> - '.repeat(length / 4),
  'a staircase of lists': (length) =>
    Array.from({ length: Math.sqrt(length) }, (_, depth) => `${' '.repeat(2 * depth)}- a`).join('\n'),
  brackets: (length) => '['.repeat(length),
  'images within images': (length) => '!['.repeat(length / 2),
  'links within links': (length) => '[a]('.repeat(length / 4),
  stars: (length) => '*'.repeat(length),
  'stars with letters': (length) => '*a '.repeat(length / 3),
  'underscores with letters': (length) => '_a'.repeat(length / 2),
  'emphasis within emphasis': (length) => '**a *b '.repeat(length / 7),
  tildes: (length) => '~~a '.repeat(length / 4),
  backticks: (length) => '`'.repeat(length),
  'backticks with letters': (length) => '`a '.repeat(length / 3),
  'longer and longer backticks': (length) =>
    Array.from({ length: Math.sqrt(2 * length) }, (_, at) => `${'`'.repeat(at)} `).join(''),
  'one word': (length) => 'a'.repeat(length),
  'one line of words': (length) => 'word '.repeat(length / 5),
  'formulas without an end': (length) => '$x '.repeat(length / 3),
  'formulas in brackets without an end': (length) => '\\(x '.repeat(length / 4),
  'lines of formulas without an end': (length) => '$$\nx\n'.repeat(length / 5),
  'a table': (length) => `|a|b|\n|-|-|\n${'|1|2|\n'.repeat(length / 6)}`,
  'angle brackets': (length) => '<a '.repeat(length / 3),
  'notes without an end': (length) => '[^1'.repeat(length / 3),
  definitions: (length) => '[a]: b\n'.repeat(length / 7),
  backslashes: (length) => '\\'.repeat(length),
}

describe('BoundedLexer', () => {
  it.each(Object.entries(HOSTILE))('reads %s in a time that grows with their length', (_, text) => {
    const [short, long] = [msFor(text(20_000)), msFor(text(200_000))]
    // Ten times the text may take ten times as long. Work that grows with the square would take a hundred times as long.
    expect(long).toBeLessThan(Math.max(40 * short, 300))
  })

  it('shows what is nested too deep as text, and loses none of it', () => {
    const text = `${'> '.repeat(10_000)}end`
    const json = JSON.stringify(lex(text))
    expect(json).toContain('> > > end')
    expect(json.split('"type":"blockquote"').length).toBe(13)
  })

  it('parses a long paragraph in pieces, and loses none of it', () => {
    const text = 'some *words* and 🎉 '.repeat(3_000)
    const [paragraph] = lex(text)
    const tokens = paragraph && 'tokens' in paragraph ? (paragraph.tokens ?? []) : []
    expect(tokens.map(({ raw }) => raw).join('')).toBe(text)
    expect(tokens.filter(({ type }) => type === 'em').length).toBeGreaterThan(2_900)
  })

  it('shows a note as text where Markdown would take it for a link definition', () => {
    expect([...lex('[^1]: Note')]).toMatchObject([{ type: 'paragraph', text: '[^1]: Note' }])
  })
})
