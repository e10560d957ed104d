import { afterEach, beforeEach } from 'vitest'
import type { CompletionOptions, LLMProvider } from '../llm-provider.ts'
import { type Drained, drain } from './drain.ts'
import type { Exchange } from './exchange.ts'
import type { LoopbackVendor } from './loopback-vendor.ts'
import type { ProviderHarness } from './provider-harness.ts'

/** A harness of a provider whose vendor is reached over HTTP. */
export type VendorHarness = ProviderHarness & Required<Pick<ProviderHarness, 'startVendor'>>

/** The key in the fixture's provider; no pattern of a known vendor's keys, so that only redaction by value finds it. */
export const API_KEY = 'Zq7+test/0123456789=abc'

/** A fresh provider and its vendor for every test of the current `describe`. */
export function vendorFixture(harness: VendorHarness) {
  let vendor: LoopbackVendor
  let provider: LLMProvider

  beforeEach(async () => {
    vendor = await harness.startVendor()
    provider = harness.create({ url: vendor.url, apiKey: API_KEY })
  })
  afterEach(() => vendor.close())

  const complete = (options: Partial<CompletionOptions> = {}, prompt = 'Hello') =>
    provider.complete(prompt, { model: harness.model, signal: new AbortController().signal, ...options })

  return {
    vendor: () => vendor,
    complete,
    /** Starts a completion, waits until its request has arrived, and lets `answer` answer it. */
    async run(
      answer: (exchange: Exchange) => Promise<void> | void,
      options?: Partial<CompletionOptions>,
    ): Promise<Drained> {
      const result = drain(complete(options))
      await answer(await vendor.nextRequest())
      return result
    },
    /** Starts a completion and gives out the first token and everything needed to go on. */
    async started(options?: Partial<CompletionOptions>) {
      const completion = complete(options)
      const first = completion.next()
      const exchange = await vendor.nextRequest()
      exchange.sendToken('Once')
      return { completion, exchange, first: await first }
    },
  }
}
