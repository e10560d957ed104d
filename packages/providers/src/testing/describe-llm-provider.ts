import { afterEach, beforeEach, describe, expect, it, type MockInstance, vi } from 'vitest'
import { type LLMProvider, PROMPT_ONLY } from '../llm-provider.ts'
import { drain } from './drain.ts'
import type { LoopbackVendor } from './loopback-vendor.ts'
import type { ProviderHarness } from './provider-harness.ts'
import { describeVendorAnswers } from './vendor-answer-cases.ts'
import { describeVendorFailures } from './vendor-failure-cases.ts'
import { describeVendorKeys } from './vendor-key-cases.ts'
import { describeVendorRejoins } from './vendor-rejoin-cases.ts'
import { describeVendorRequests } from './vendor-request-cases.ts'
import { describeVendorStreams } from './vendor-stream-cases.ts'

/** The contract of `LLMProvider` as tests. Every adapter must pass them. */
export function describeLLMProvider(name: string, harness: ProviderHarness): void {
  describe(name, () => {
    failOnConsole()
    describePort(harness)
    const { startVendor, joinable } = harness
    if (joinable) describeVendorRejoins({ ...harness, joinable })
    if (startVendor) {
      describeVendorStreams({ ...harness, startVendor })
      describeVendorAnswers({ ...harness, startVendor })
      describeVendorRequests({ ...harness, startVendor })
      describeVendorFailures({ ...harness, startVendor })
      if (harness.usesKey ?? true) describeVendorKeys({ ...harness, startVendor })
    }
  })
}

const PROMPT = 'Once upon a time there was 👩‍🚀 in 東京.'

function describePort(harness: ProviderHarness): void {
  let vendor: LoopbackVendor | undefined
  let provider: LLMProvider

  beforeEach(async () => {
    vendor = await harness.startVendor?.()
    vendor?.respondWith((exchange) => {
      for (const word of exchange.request.prompt.split(/(?= )/)) exchange.sendToken(word)
      exchange.finish()
    })
    provider = harness.create({ url: vendor?.url ?? '', apiKey: 'test-key-0123456789' })
  })
  afterEach(() => vendor?.close())

  const complete = (prompt: string, signal = new AbortController().signal) =>
    provider.complete(prompt, { model: harness.model, signal })

  it('has a name in lower case, and has the model', () => {
    expect(provider.name).toMatch(/^[a-z][a-z0-9-]*$/)
    expect(provider.models).toContain(harness.model)
  })

  it('can be prepared more than once, and sends nothing then', async () => {
    await provider.prepare?.()
    await provider.prepare?.()
    expect(vendor?.requests ?? 0).toBe(0)
  })

  it('takes the options of the first versions', () => {
    const { options } = provider.capabilities ?? PROMPT_ONLY
    expect(options).toEqual(expect.arrayContaining(['system', 'temperature', 'maxTokens']))
  })

  it('streams non-empty pieces, in order', async () => {
    const { fragments, error } = await drain(complete(PROMPT))
    expect(error).toBeUndefined()
    expect(fragments.length).toBeGreaterThan(1)
    expect(fragments).not.toContain('')
    expect(fragments.join('')).toBe(PROMPT)
  })

  it('does not mix up simultaneous completions', async () => {
    const prompts = Array.from({ length: 8 }, (_, index) => `This is number ${index} of them`)
    const all = await Promise.all(prompts.map((prompt) => drain(complete(prompt))))
    expect(all.map(({ fragments }) => fragments.join(''))).toEqual(prompts)
  })

  it('throws the reason of a signal that was aborted before the start, and sends nothing', async () => {
    const reason = new Error('too late')
    const { fragments, error } = await drain(complete(PROMPT, AbortSignal.abort(reason)))
    expect(error).toBe(reason)
    expect(fragments).toEqual([])
    expect(vendor?.requests ?? 0).toBe(0)
  })

  it('throws the reason of an abort between two pieces, and yields nothing after it', async () => {
    const abort = new AbortController()
    const completion = complete(PROMPT, abort.signal)
    await completion.next()
    abort.abort('enough')
    expect(await drain(completion)).toEqual({ fragments: [], pieces: [], error: 'enough' })
    expect(await completion.next()).toEqual({ done: true, value: undefined })
  })

  it('ends when its consumer leaves, and completes the next prompt', async () => {
    for await (const fragment of complete(PROMPT)) {
      expect(PROMPT.startsWith(String(fragment))).toBe(true)
      break
    }
    expect((await drain(complete(PROMPT))).fragments.join('')).toBe(PROMPT)
  })

  it('removes its listeners from the signal', async () => {
    const abort = new AbortController()
    const added = vi.spyOn(abort.signal, 'addEventListener')
    const removed = vi.spyOn(abort.signal, 'removeEventListener')
    await drain(complete(PROMPT, abort.signal))
    const left = added.mock.calls.map(([, listener]) => listener)
    for (const [, listener] of removed.mock.calls) left.splice(left.indexOf(listener), 1)
    expect(left).toEqual([])
  })
}

/** Fails a test that prints: a library that prints may leak prompts or keys. */
function failOnConsole(): void {
  let spies: MockInstance[]
  beforeEach(() => {
    spies = (['debug', 'info', 'log', 'warn', 'error'] as const).map((method) => vi.spyOn(console, method))
  })
  afterEach(() => {
    const printed = spies.flatMap((spy) => spy.mock.calls)
    for (const spy of spies) spy.mockRestore()
    expect(printed).toEqual([])
  })
}
