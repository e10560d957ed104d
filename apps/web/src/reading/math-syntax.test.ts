import { describe, expect, it } from 'vitest'
import { BoundedLexer } from './bounded-lexer.ts'

/** The formulas of a text, with `display` before those on a line of their own. */
function formulasIn(text: string): string[] {
  const found: string[] = []
  // Goes through all tokens, in whichever field of whichever token they are.
  JSON.stringify(new BoundedLexer().lex(text), (_, value) => {
    if (value?.type !== 'math') return value
    found.push(`${value.isDisplay ? 'display ' : ''}${value.isClosed ? '' : 'open '}${value.tex}`)
  })
  return found
}

describe('the syntax of formulas', () => {
  it.each([
    ['$x$', ['x']],
    ['a $x^2$, b $y_1$.', ['x^2', 'y_1']],
    ['($x$)', ['x']],
    ['**$x$**', ['x']],
    ['$5x + 2$', ['5x + 2']],
    ['$2x \\text{ if } x$', ['2x \\text{ if } x']],
    ['$a_1 * b_2 * c$', ['a_1 * b_2 * c']],
    ['it costs \\$5, $x$', ['x']],
    ['$\\$5$', ['\\$5']],
    ['in a line: $$x$$ and on', ['display x']],
    ['\\(x\\) and \\(a + b\\) and \\[ a = b \\] there', ['x', 'a + b', 'display a = b']],
    ['$$x$$', ['display x']],
    ['$$\nx = 1\n$$', ['display x = 1']],
    ['where\n$$\nx\n$$\nand so on', ['display x']],
    ['\\[\nx\n= y\n- z\n\\]', ['display x\n= y\n- z']],
    ['- item\n  \\[ x = y \\]\n- $z$', ['display x = y', 'z']],
    ['> $$\n> x\n> $$', ['display x']],
    ['| a |\n| --- |\n| $x$ |', ['x']],
  ])('finds the formulas in %j', (text, formulas) => {
    expect(formulasIn(text)).toEqual(formulas)
  })

  it.each([
    '$5 and $10',
    'from $5 to $10.',
    '$5-$10',
    'US$5 and CA$6',
    '$5/month or 10$ a year, $5 a month or 10$',
    '$ x $',
    'a $ b',
    '`$x$` and `$HOME/$PATH`',
    '$a `code` b$',
    '```\n$x$\n```',
    '\\$x\\$',
    '$HOME and $PATH',
    '$x\ny$',
    '\\[1\\] Smith',
    '\\[1\\]',
    '\\(see below\\)',
    '\\[not a link\\](https://a.example)',
    '$$$$',
    '$$ one\n\ntwo $$ three',
  ])('finds no formula in %j', (text) => {
    expect(formulasIn(text)).toEqual([])
  })

  it('keeps a formula that is not closed together, and gives it up at a blank line', () => {
    expect(formulasIn('$$\na\n= b\n- c')).toEqual(['display open $$\na\n= b\n- c'])
    expect(formulasIn('$$\na\n\n- c')).toEqual([])
    expect(formulasIn('and $x')).toEqual([])
  })
})
