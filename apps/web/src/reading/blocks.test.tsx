import { renderToStaticMarkup } from 'react-dom/server'
import { describe, expect, it } from 'vitest'
import { Markdown } from './markdown.tsx'

/** The elements of a Markdown text, without those around the whole. */
const markupOf = (text: string) =>
  renderToStaticMarkup(<Markdown text={text} />)
    .replaceAll(/ dir="auto"/g, '')
    .replace(/^<div class="reading"><div class="reading-page">(.*)<\/div><\/div>$/s, '$1')

describe('Markdown', () => {
  it.each([
    ['# a\n## b\n### c\n#### d\n##### e', '<h3>a</h3><h4>b</h4><h5>c</h5><h6>d</h6><h6>e</h6>'],
    ['a ~~b~~ **c** *d* `e`', '<p>a <del>b</del> <strong>c</strong> <em>d</em> <code dir="ltr">e</code></p>'],
    ['a<br>b<br />c', '<p>a<br/>b<br/>c</p>'],
    ['H<sub>2</sub>O and x<sup>*2*</sup>', '<p>H<sub>2</sub>O and x<sup><em>2</em></sup></p>'],
    ['<sup>a <sub>b</sub>', '<p>&lt;sup&gt;a <sub>b</sub></p>'],
    ['<sup>a</sub>', '<p>&lt;sup&gt;a&lt;/sub&gt;</p>'],
    ['a<b>c</b><img src=x onerror=y>', '<p>a&lt;b&gt;c&lt;/b&gt;&lt;img src=x onerror=y&gt;</p>'],
    ['<script>\nalert(1)\n</script>', '<p class="source">&lt;script&gt;\nalert(1)\n&lt;/script&gt;</p>'],
    ['a[^1] and [^a-z]', '<p>a<sup>1</sup> and [^a-z]</p>'],
    ['[a](javascript:alert(1)) ![b](data:text/html,c)', '<p>a b</p>'],
    ['3. a\n4. b', '<ol start="3"><li>a</li><li>b</li></ol>'],
  ])('renders %j', (text, markup) => {
    expect(markupOf(text)).toBe(markup)
  })

  it('renders tasks as check boxes that are named after the task', () => {
    const markup = markupOf('- [x] a **b**\n- [ ] c\n  - [ ] d')
    expect(markup).toContain('<input type="checkbox" disabled="" aria-label="a b" readOnly="" checked=""/>')
    expect(markup).toContain('aria-label="c"')
    expect(markup).toContain('aria-label="d"')
    expect(markup).not.toContain('[x]')
  })

  it('renders tables with the alignment of their columns, lines within cells, and numbers that do not break', () => {
    const markup = markupOf('| a | b | c |\n| :-- | :-: | --: |\n| x<br>y | $5 and $10 | $1,204.50 |')
    expect(markup).toContain('<th scope="col" data-align="left">a</th>')
    expect(markup).toContain('<td data-align="left">x<br/>y</td><td data-align="center">$5 and $10</td>')
    expect(markup).toContain('<td data-align="right" data-number="true">$1,204.50</td>')
  })

  it('renders formulas as their source until the library is there', () => {
    expect(markupOf('a $x$')).toBe('<p>a <code class="formula-source">$x$</code></p>')
  })
})
