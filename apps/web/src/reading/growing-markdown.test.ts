import { marked, type Token } from 'marked'
import { describe, expect, it } from 'vitest'
import { EMPTY_MARKDOWN, type GrowingMarkdown, parseFurther } from './growing-markdown.ts'

const PIECES = [
  '# Title',
  'Title\n===',
  'Title\n---',
  'a paragraph\nof *two* lines',
  '- one\n- two',
  '- one\n\n- two',
  '  continued',
  '    indented',
  '1. first\n2. second',
  '* * *',
  '---',
  '```ts\ncode\n\nmore\n```',
  '```\nopen',
  '~~~',
  '> quoted\nlazily',
  '> again',
  '| a | b |\n| --- | --- |\n| 1 | 2 |',
  '| 3 | 4 |',
  '<div>\n<b>html</b>',
  '</div>',
  '<!-- comment',
  '-->',
  '<pre>',
  '</pre>',
  '**bold',
  'end**',
  '[link](https://a.example)',
  '- [x] done\n  - nested\n\n    deeper',
  '-',
  '=',
  '+ plus',
  '10) ten',
  '\ttab',
  '`tick',
]

/** Pieces that the parser alone reads differently, or whose meaning depends on text far away. */
const OWN_PIECES = [
  'see [a], [B][a] and ![c]',
  '> [a\n> b] quoted\n\n[c]',
  '- [ ] [a]\n  - [b]',
  '[a]: https://a.example',
  '[A]: https://second.example "Title"',
  '[b]: <https://b.example>\n[c]: https://c.example',
  '[a b]: https://ab.example',
  '> [b]: https://quoted.example',
  '- [c]: https://listed.example',
  '| [a] | $x$ |\n| --- | --- |\n| `[b]` | [c] |',
  'costs $5 and $10, US$5 or $x^2$ and \\(y\\)',
  '$$',
  '$$ a = b $$',
  '$$\na\n= b\n- c\n$$',
  'where\n\\[\na_1\n\\]\nand more',
  '\\[1\\] Note',
  '\\[',
  '\\]',
  '- item\n  $$\n  x\n  $$',
  'a note[^1]',
  '[^1]: Note',
  `${'> '.repeat(14)}deep`,
  `${'- '.repeat(14)}deep`,
]

/** Pseudorandom numbers from 0 to 1, the same for each seed. */
function* numbers(seed: number): Generator<number, never> {
  let state = seed
  for (;;) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    yield state / 2 ** 32
  }
}

function randomText(seed: number, pieces: readonly string[]): string {
  const random = numbers(seed)
  const any = <Value>(values: readonly Value[]) => values[Math.floor(random.next().value * values.length)]
  return Array.from({ length: 24 }, () => `${any(pieces)}${any(['\n', '\n\n', '\n\n\n', '\r\n', ' \n\n'])}`).join('')
}

const rawOf = ({ raw }: Token) => raw
const blocksOf = ({ pages }: GrowingMarkdown) => pages.flat()
const atOnce = (text: string) => blocksOf(parseFurther(EMPTY_MARKDOWN, text))

describe('parseFurther', () => {
  it('gives the same blocks as parsing the whole text, at every length of a growing text', () => {
    for (let seed = 0; seed < 100; seed++) {
      const text = randomText(seed, PIECES)
      let markdown = EMPTY_MARKDOWN
      for (let length = 1; length <= text.length; length += 1 + (seed % 5)) {
        const part = text.slice(0, length)
        markdown = parseFurther(markdown, part)
        const whole = [...marked.lexer(part)]
        if (JSON.stringify(blocksOf(markdown)) !== JSON.stringify(whole)) {
          expect({ part, blocks: blocksOf(markdown) }).toEqual({ part, blocks: whole })
        }
      }
    }
  })

  it('gives the same blocks for a text in random pieces as for the whole text, with formulas and links defined anywhere', () => {
    for (let seed = 0; seed < 200; seed++) {
      const random = numbers(seed)
      const text = randomText(seed, [...PIECES, ...OWN_PIECES, ...OWN_PIECES])
      let markdown = EMPTY_MARKDOWN
      for (let length = 1; length < text.length; length += 1 + Math.floor(random.next().value * 12)) {
        const part = text.slice(0, length)
        markdown = parseFurther(markdown, part)
        const whole = atOnce(part)
        if (JSON.stringify(blocksOf(markdown)) !== JSON.stringify(whole)) {
          expect({ seed, part, blocks: blocksOf(markdown) }).toEqual({ seed, part, blocks: whole })
        }
      }
    }
  })

  it('keeps the objects of settled blocks', () => {
    const before = parseFurther(EMPTY_MARKDOWN, 'one\n\ntwo\n\nthree\n\nfour')
    const after = parseFurther(before, 'one\n\ntwo\n\nthree\n\nfour and five')
    expect(before.settledText).toBe('one\n\ntwo\n\n')
    expect(blocksOf(after)[0]).toBe(blocksOf(before)[0])
    expect(blocksOf(after)[2]).toBe(blocksOf(before)[2])
  })

  it('keeps the objects of pages whose blocks are all settled', () => {
    const text = Array.from({ length: 20 }, (_, index) => `${index}`).join('\n\n')
    const before = parseFurther(EMPTY_MARKDOWN, text)
    const after = parseFurther(before, `${text} and more`)
    expect(after.pages[0]).toBe(before.pages[0])
    expect(blocksOf(after).map(rawOf).join('')).toBe(`${text} and more`)
  })

  it('parses the whole text when it does not continue the text before', () => {
    const before = parseFurther(EMPTY_MARKDOWN, 'one\n\ntwo\n\nthree')
    expect(blocksOf(parseFurther(before, 'other'))).toEqual([...marked.lexer('other')])
  })

  it('resolves links in new blocks that settled blocks define', () => {
    const text = '[a]: https://a.example\n\none\n\ntwo\n\nthree\n\n'
    const markdown = parseFurther(parseFurther(EMPTY_MARKDOWN, text), `${text}[a]`)
    expect(blocksOf(markdown).at(-1)).toMatchObject({ tokens: [{ type: 'link', href: 'https://a.example' }] })
  })

  it('parses only the blocks again that use a link when its definition comes', () => {
    const text = 'see [a]\n\none\n\ntwo\n\nthree\n\nfour\n\n'
    const before = parseFurther(EMPTY_MARKDOWN, text)
    const after = parseFurther(before, `${text}[a]: https://a.example`)
    expect(blocksOf(after)[0]).toMatchObject({ tokens: [{ raw: 'see ' }, { type: 'link', href: 'https://a.example' }] })
    expect(blocksOf(after)[2]).toBe(blocksOf(before)[2])
    const longer = parseFurther(after, `${text}[a]: https://a.example/path`)
    expect(blocksOf(longer)[0]).toMatchObject({ tokens: [{ raw: 'see ' }, { href: 'https://a.example/path' }] })
  })
})
