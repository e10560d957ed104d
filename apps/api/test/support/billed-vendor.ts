import { setTimeout as sleep } from 'node:timers/promises'
import type { TokenUsage } from '@promptlab/contract'
import { type Exchange, type LoopbackVendor, startOpenAIVendor } from '@promptlab/providers/testing/vendors'
import { onTestFinished } from 'vitest'
import type { Random } from './random.ts'

/** Billionths of a US dollar a token: a dollar a thousand of input, two dollars a thousand of output. */
export const TOKEN_PRICES = { input: 1_000_000, output: 2_000_000 }
/** The same as the file of an operator has it. */
export const PRICES = { openai: { 'gpt-4': { input: 1_000, output: 2_000 }, mini: { input: 1_000, output: 2_000 } } }

/** What a vendor charges for one call. */
interface BilledCall {
  inputTokens: number
  /** With those that are hidden. */
  outputTokens: number
  hiddenTokens: number
  /** The pause behind each token, in milliseconds. */
  readonly paceMs: number
}

/** A vendor that keeps its own bill, by the prompt of each job. Whatever it says or thinks is paid for, wherever it ends. */
export class BilledVendor {
  readonly bill = new Map<string, BilledCall[]>()
  readonly #vendor: LoopbackVendor
  readonly #random: Random

  private constructor(vendor: LoopbackVendor, random: Random) {
    this.#vendor = vendor
    this.#random = random
    vendor.respondWith((exchange) => this.#respond(exchange))
  }

  static async start(random: Random): Promise<BilledVendor> {
    const vendor = await startOpenAIVendor()
    onTestFinished(() => vendor.close())
    return new BilledVendor(vendor, random)
  }

  get url(): string {
    return this.#vendor.url
  }

  callsOf(prompt: string): readonly BilledCall[] {
    return this.bill.get(prompt) ?? []
  }

  /** What the jobs with these prompts cost, in billionths of a US dollar. */
  costOf(prompts: Iterable<string>): number {
    let sum = 0
    for (const prompt of prompts)
      for (const { inputTokens, outputTokens } of this.callsOf(prompt))
        sum += inputTokens * TOKEN_PRICES.input + outputTokens * TOKEN_PRICES.output
    return sum
  }

  async #respond(exchange: Exchange): Promise<void> {
    const random = this.#random
    const kind = random.below(12)
    if (kind === 0) return exchange.fail(400)
    if (kind === 1) return exchange.fail(500)
    const { prompt, maxTokens = Number.POSITIVE_INFINITY } = exchange.request
    // This vendor counts tokens in its own way.
    const inputTokens = Math.ceil(Buffer.byteLength(prompt) / 3) + 4
    const call: BilledCall = { inputTokens, outputTokens: 0, hiddenTokens: 0, paceMs: 5 + random.below(15) }
    this.bill.set(prompt, [...this.callsOf(prompt), call])
    const keepsLimit = kind > 3
    const wanted = 1 + random.below(80)
    const tokens = keepsLimit ? Math.min(wanted, maxTokens) : wanted + random.below(400)
    const hidden = kind === 4 ? random.below(tokens) : 0
    call.outputTokens += hidden
    call.hiddenTokens = hidden
    const wasHeard = await this.#say(exchange, tokens - hidden, call)
    if (!wasHeard) return
    if (kind === 5) return exchange.reset()
    const usage: TokenUsage = { inputTokens, outputTokens: call.outputTokens, reasoningTokens: hidden }
    const isTold = hidden > 0 || random.below(2) === 0
    const isCut = keepsLimit && wanted > maxTokens
    exchange.finish({ reason: isCut ? 'length' : 'stop', ...(isTold && { usage }) })
  }

  /** @returns whether the client listened to the end */
  async #say(exchange: Exchange, tokens: number, call: BilledCall): Promise<boolean> {
    let isGone = false
    exchange.closed.then(() => {
      isGone = true
    })
    for (let index = 0; index < tokens && !isGone; index++) {
      call.outputTokens++
      exchange.sendToken('word')
      await sleep(call.paceMs)
    }
    return !isGone
  }
}
