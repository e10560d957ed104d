import { inspect } from 'node:util'
import { afterEach, beforeEach } from 'vitest'
import type { CompletionOptions, LLMProvider } from '../llm-provider.ts'
import type { Message } from '../message.ts'
import { ProviderError } from '../provider-error.ts'
import { type Drained, drain } from './drain.ts'
import type { Exchange } from './exchange.ts'
import type { LoopbackVendor } from './loopback-vendor.ts'
import type { ProviderHarness } from './provider-harness.ts'

/** The harness of a provider that reaches its vendor over HTTP. */
export type VendorHarness = ProviderHarness & Required<Pick<ProviderHarness, 'startVendor'>>

/** The key of the fixture's provider. It has no known vendor's form, so only redaction by value finds it. */
export const API_KEY = 'Zq7+test/0123456789=abc'

/** Starts a new vendor, and creates its provider, for every test of the current `describe`. */
export function vendorFixture(harness: VendorHarness) {
  let vendor: LoopbackVendor
  let provider: LLMProvider

  beforeEach(async () => {
    vendor = await harness.startVendor()
    provider = harness.create({ url: vendor.url, apiKey: API_KEY })
  })
  afterEach(() => vendor.close())

  const complete = (options: Partial<CompletionOptions> = {}, prompt: string | readonly Message[] = 'Hello') =>
    provider.complete(prompt, { model: harness.model, signal: new AbortController().signal, ...options })

  return {
    vendor: () => vendor,
    provider: () => provider,
    complete,
    /** Starts a completion, waits for its request, and passes that to `answer`. */
    async run(
      answer: (exchange: Exchange) => Promise<void> | void,
      options?: Partial<CompletionOptions>,
      prompt?: string | readonly Message[],
    ): Promise<Drained> {
      const result = drain(complete(options, prompt))
      await answer(await vendor.nextRequest())
      return result
    },
    /** Starts a completion and waits for its first token. */
    async started(options?: Partial<CompletionOptions>) {
      const completion = complete(options)
      const first = completion.next()
      const exchange = await vendor.nextRequest()
      exchange.sendToken('Once')
      return { completion, exchange, first: await first }
    },
  }
}

/** The ProviderError that a completion threw. */
export function errorOf({ error }: Drained): ProviderError {
  if (error instanceof ProviderError) return error
  throw new Error(`Expected a ProviderError, got ${inspect(error)}`)
}
