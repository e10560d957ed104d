import { setImmediate, setTimeout } from 'node:timers/promises'
import type { CompletionOptions, LLMProvider } from '../llm-provider.ts'

const WORDS_PER_TURN = 64

/** Streams the prompt back word by word: needs no key and no network. */
export class EchoProvider implements LLMProvider {
  readonly name = 'echo'
  readonly models = ['echo']
  readonly #delayMs: number

  /** @param options.delayMs milliseconds between two words; the first one comes at once */
  constructor(options: { readonly delayMs: number }) {
    this.#delayMs = options.delayMs
  }

  async *complete(prompt: string, { signal }: CompletionOptions): AsyncGenerator<string, undefined> {
    signal.throwIfAborted()
    let count = 0
    for (const word of words(prompt)) {
      if (count > 0) await this.#pause(count, signal)
      count += 1
      yield word
      signal.throwIfAborted()
    }
  }

  async #pause(count: number, signal: AbortSignal): Promise<void> {
    if (this.#delayMs > 0) {
      // Its AbortError only wraps the reason.
      await setTimeout(this.#delayMs, undefined, { signal }).catch(() => signal.throwIfAborted())
    } else if (count % WORDS_PER_TURN === 0) {
      // Without a delay a long prompt would be one chain of microtasks, and nothing else would run.
      await setImmediate()
    }
    signal.throwIfAborted()
  }
}

/** The words with the white space before them; white space at the end stays with the last one. */
function* words(text: string): Generator<string> {
  const end = text.trimEnd().length
  let start = 0
  // One character and a look at the next: linear and without recursion, however long a word or a gap is.
  for (const { index } of text.matchAll(/\S(?=\s)/g)) {
    if (index + 1 >= end) break
    yield text.slice(start, index + 1)
    start = index + 1
  }
  if (start < text.length) yield text.slice(start)
}
