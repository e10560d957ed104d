import { setTimeout as sleep } from 'node:timers/promises'
import type { Exchange } from '@promptlab/providers/testing/vendors'
import type { Random } from './random.ts'

/** The whole text of a job with this prompt. */
export const textOf = (prompt: string) => `${prompt}: ${'Grüße 🙂 '.repeat(30)}`

/**
 * Answers a call to the vendor with the text of its job in pieces, at a random pace.
 * @param calls counts the calls for each prompt
 */
export async function answerAtItsPace(exchange: Exchange, random: Random, calls: Map<string, number>): Promise<void> {
  const { prompt } = exchange.request
  calls.set(prompt, (calls.get(prompt) ?? 0) + 1)
  const paceMs = 1 + random.below(40)
  let isGone = false
  exchange.closed.then(() => {
    isGone = true
  })
  for (const piece of textOf(prompt).match(/.{1,7}/gsu) ?? []) {
    if (isGone) return
    exchange.sendToken(piece)
    await sleep(paceMs)
  }
  exchange.finish()
}
