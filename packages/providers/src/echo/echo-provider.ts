import { setImmediate, setTimeout } from 'node:timers/promises'
import { type CompletionOptions, type LLMProvider, PROMPT_ONLY } from '../llm-provider.ts'
import type { Message } from '../message.ts'
import { promptText } from '../prompt-text.ts'

/** Without a pause, this many words are sent in one turn of the event loop. */
const WORDS_PER_TURN = 64

/**
 * Streams the prompt back word by word: the text of the last message of the user. It needs no key and no network. The
 * options of the first versions are taken, and change nothing.
 */
export class EchoProvider implements LLMProvider {
  readonly name = 'echo'
  readonly models = ['echo']
  readonly capabilities = { ...PROMPT_ONLY, messages: true }
  readonly #delayMs: number

  /** @param options.delayMs milliseconds between two words; the first word comes at once */
  constructor(options: { readonly delayMs: number }) {
    this.#delayMs = options.delayMs
  }

  async *complete(
    prompt: string | readonly Message[],
    { signal }: CompletionOptions,
  ): AsyncGenerator<string, undefined> {
    signal.throwIfAborted()
    let count = 0
    for (const word of words(promptText(prompt))) {
      if (count > 0) await this.#pause(count, signal)
      count += 1
      yield word
      signal.throwIfAborted()
    }
  }

  async #pause(count: number, signal: AbortSignal): Promise<void> {
    if (this.#delayMs > 0) {
      // The AbortError of the timer only wraps the reason of the abort.
      await setTimeout(this.#delayMs, undefined, { signal }).catch(() => signal.throwIfAborted())
    } else if (count % WORDS_PER_TURN === 0) {
      // Without this turn, a long prompt would be one chain of microtasks, and nothing else would run meanwhile.
      await setImmediate()
    }
    signal.throwIfAborted()
  }
}

/** Yields each word with the white space before it. White space at the end stays with the last word. */
function* words(text: string): Generator<string> {
  const end = text.trimEnd().length
  let start = 0
  // The pattern reads one character and the next one, so it is linear and without recursion for words and gaps of any
  // length.
  for (const { index } of text.matchAll(/\S(?=\s)/g)) {
    if (index + 1 >= end) break
    yield text.slice(start, index + 1)
    start = index + 1
  }
  if (start < text.length) yield text.slice(start)
}
