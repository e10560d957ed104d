import { marked, type Token } from 'marked'
import { describe, expect, it } from 'vitest'
import { EMPTY_MARKDOWN, parseFurther } from './growing-markdown.ts'

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

/** Pseudorandom numbers from 0 to 1, the same for each seed. */
function* numbers(seed: number): Generator<number, never> {
  let state = seed
  for (;;) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    yield state / 2 ** 32
  }
}

function randomText(seed: number): string {
  const random = numbers(seed)
  const any = <Value>(values: readonly Value[]) => values[Math.floor(random.next().value * values.length)]
  return Array.from({ length: 24 }, () => `${any(PIECES)}${any(['\n', '\n\n', '\n\n\n', '\r\n', ' \n\n'])}`).join('')
}

const rawOf = ({ raw }: Token) => raw

describe('parseFurther', () => {
  it('gives the same blocks as parsing the whole text, at every length of a growing text', () => {
    for (let seed = 0; seed < 100; seed++) {
      const text = randomText(seed)
      let markdown = EMPTY_MARKDOWN
      for (let length = 1; length <= text.length; length += 1 + (seed % 5)) {
        const part = text.slice(0, length)
        markdown = parseFurther(markdown, part)
        const whole = [...marked.lexer(part)]
        if (JSON.stringify(markdown.pages.flat()) !== JSON.stringify(whole)) {
          expect({ part, blocks: markdown.pages.flat() }).toEqual({ part, blocks: whole })
        }
      }
    }
  })

  it('keeps the objects of settled blocks', () => {
    const before = parseFurther(EMPTY_MARKDOWN, 'one\n\ntwo\n\nthree\n\nfour')
    const after = parseFurther(before, 'one\n\ntwo\n\nthree\n\nfour and five')
    expect(before.settledText).toBe('one\n\ntwo\n\n')
    expect(after.pages.flat()[0]).toBe(before.pages.flat()[0])
    expect(after.pages.flat()[2]).toBe(before.pages.flat()[2])
  })

  it('keeps the objects of pages whose blocks are all settled', () => {
    const text = Array.from({ length: 20 }, (_, index) => `${index}`).join('\n\n')
    const before = parseFurther(EMPTY_MARKDOWN, text)
    const after = parseFurther(before, `${text} and more`)
    expect(after.pages[0]).toBe(before.pages[0])
    expect(after.pages.flat().map(rawOf).join('')).toBe(`${text} and more`)
  })

  it('parses the whole text when it does not continue the text before', () => {
    const before = parseFurther(EMPTY_MARKDOWN, 'one\n\ntwo\n\nthree')
    expect(parseFurther(before, 'other').pages.flat()).toEqual([...marked.lexer('other')])
  })

  it('resolves links in new blocks that settled blocks define', () => {
    const text = '[a]: https://a.example\n\none\n\ntwo\n\nthree\n\n'
    const markdown = parseFurther(parseFurther(EMPTY_MARKDOWN, text), `${text}[a]`)
    expect(markdown.pages.flat().at(-1)).toMatchObject({ tokens: [{ type: 'link', href: 'https://a.example' }] })
  })
})
