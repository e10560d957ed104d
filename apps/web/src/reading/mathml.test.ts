import { renderToStaticMarkup } from 'react-dom/server'
import { describe, expect, it, vi } from 'vitest'
import { mathmlOf } from './mathml.tsx'

const markupOf = (tex: string, isDisplay = false) => {
  const formula = mathmlOf(tex, isDisplay)
  return formula && renderToStaticMarkup(formula)
}

describe('mathmlOf', () => {
  it('makes elements of MathML', () => {
    expect(markupOf('x^2')).toBe('<math><msup><mi>x</mi><mn class="tml-sml-pad">2</mn></msup></math>')
    expect(markupOf('\\frac{a}{b}', true)).toContain('display="block"')
  })

  it.each([
    'e^{i\\pi} + 1 = 0',
    '\\sum_{k=1}^{n} \\int_0^\\infty \\sqrt[3]{x}\\,dx \\le \\lim_{n \\to \\infty} a_n',
    '\\begin{pmatrix} 1 & 2 \\\\ 3 & 4 \\end{pmatrix}',
    'f(x) = \\begin{cases} 1 & \\text{if } x > 0 \\\\ 0 & \\text{otherwise} \\end{cases}',
    '\\begin{aligned} a &= b \\\\ &= c \\end{aligned}',
    '\\mathbb{R}, \\mathcal{L}, \\mathbf{x}, \\hat{y}, \\vec{v}, \\overline{z}, \\dot{q}',
    '\\underbrace{a + b}_{n} \\overset{!}{=} \\binom{n}{k} \\xrightarrow{f} \\boxed{c}',
    '\\left( \\frac{1}{2} \\right) \\cdot \\operatorname{softmax}(QK^\\top / \\sqrt{d_k}) V',
    '\\cancel{x} \\color{red} y \\tag{1}',
    'P(A \\mid B) = \\frac{P(B \\mid A) P(A)}{P(B)}',
  ])('knows %s', (tex) => {
    expect(markupOf(tex, true)).toMatch(/^<math.*<\/math>$/s)
  })

  it.each([
    '\\frac{1}{',
    '\\nosuchcommand{x}',
    'a & b',
    '}',
    '\\href{javascript:alert(1)}{x}',
    '\\url{https://a.example}',
    '\\includegraphics{https://a.example/a.png}',
    '\\class{a}{x}',
    '\\id{root}{x}',
    '\\style{background:url(https://a.example)}{x}',
    '\\data{a=b}{x}',
    '\\def\\a{x\\a}\\a',
    '\\newcommand{\\a}{x} \\a',
    '{'.repeat(4_000),
    '\\sqrt{'.repeat(700),
    `${'{'.repeat(2_000)}${'}'.repeat(2_000)}`.repeat(1),
    'x'.repeat(4_000),
  ])('makes nothing of %j, and says nothing of it', (tex) => {
    const spies = [vi.spyOn(console, 'log'), vi.spyOn(console, 'warn'), vi.spyOn(console, 'error')]
    expect(markupOf(tex) ?? '').not.toMatch(/href|src=|style="[^"]*url|id=|javascript/)
    for (const spy of spies) {
      expect(spy).not.toHaveBeenCalled()
      spy.mockRestore()
    }
  })

  it('makes no element that is larger than a line can be', () => {
    expect(markupOf('\\rule{99999em}{99999em}') ?? '').not.toContain('99999')
    expect(markupOf('\\kern{1e9em} x') ?? '').not.toContain('1e9')
  })
})
