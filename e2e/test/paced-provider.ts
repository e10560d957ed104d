import { setTimeout as sleep } from 'node:timers/promises'
import { ScriptedProvider } from '@promptlab/api/testing'

const SECTION = `## A section

Streams are **durable**: each \`token\` has an id, so a [reader](https://example.org) can come back, *whenever* it likes, and go on.

\`\`\`ts
for await (const token of stream) {
  show(token) // as it comes
}
\`\`\`

- an item with **bold** words
  - one below it
- and the next one

| name | value | price | rate |
| --- | --- | --: | :-: |
| alpha | the first | $5 | $\\frac{1}{2}$ |
| beta | the second | $10 | 88.4 |

The rate is $r = \\frac{n}{t}$, and its mean

$$
\\bar{r} = \\frac{1}{m} \\sum_{i=1}^{m} r_i
$$

> A quotation, of some words.

`

interface Pace {
  /** How many sections of Markdown the first token holds. */
  readonly sections: number
  /** How many words follow, one token each, with a pause of `delayMs` before each. */
  readonly words: number
  readonly delayMs: number
}

/** A provider whose answer begins with a long token and then grows at a steady pace. */
export class PacedProvider extends ScriptedProvider {
  readonly #pace: Pace

  constructor(pace: Pace) {
    super([])
    this.#pace = pace
  }

  override async *complete(_prompt: string, { signal }: Parameters<ScriptedProvider['complete']>[1]) {
    const { sections, words, delayMs } = this.#pace
    yield `${SECTION.repeat(sections)}And then: `
    const all = SECTION.repeat(words).match(/\s*\S+/g) ?? []
    for (const word of all.slice(0, words)) {
      await sleep(delayMs, undefined, { signal })
      yield word
    }
    return undefined
  }
}
