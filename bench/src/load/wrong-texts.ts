import { z } from 'zod'

/** The number of checked streams, and a complaint for each wrong one. */
export const Checked = z.object({ streams: z.int(), wrong: z.array(z.string()) })
export type Checked = z.infer<typeof Checked>

/** Compares the texts that clients received with those that the vendor sent. */
export class TextCheck {
  #streams = 0
  readonly #wrong: string[] = []

  /** @param what names the stream in a complaint */
  expect(what: string, received: string, expected: string, isComplete: boolean): void {
    this.#streams += 1
    if (received !== expected) this.#wrong.push(`${what}: ${difference(received, expected)}`)
    else if (!isComplete) this.#wrong.push(`${what}: the text is right, but the stream did not end as complete`)
  }

  result(): Checked {
    return { streams: this.#streams, wrong: this.#wrong }
  }
}

function difference(received: string, expected: string): string {
  let at = 0
  while (at < received.length && received[at] === expected[at]) at += 1
  const around = (text: string) => JSON.stringify(text.slice(at, at + 20))
  return `from character ${at} on, got ${around(received)} (${received.length} in all) instead of ${around(expected)} (${expected.length})`
}
