import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { AnthropicProvider } from './anthropic/anthropic-provider.ts'
import { GeminiProvider } from './gemini/gemini-provider.ts'
import type { LLMProvider } from './llm-provider.ts'
import { OpenAIProvider } from './openai/openai-provider.ts'
import { ResponsesProvider } from './openai/responses/responses-provider.ts'
import type { RequestLimits } from './request-limits.ts'
import {
  type LoopbackVendor,
  startAnthropicVendor,
  startGeminiVendor,
  startOpenAIVendor,
  startResponsesVendor,
} from './testing/index.ts'

const apiKey = () => 'key'
const OPENAI_HEADERS = {
  'x-ratelimit-limit-requests': '60',
  'x-ratelimit-remaining-requests': '0',
  'x-ratelimit-reset-requests': '1m0s',
}
const ANTHROPIC_HEADERS = {
  'anthropic-ratelimit-requests-limit': '60',
  'anthropic-ratelimit-requests-remaining': '0',
  'anthropic-ratelimit-requests-reset': new Date(Date.now() + 60_000).toISOString(),
}

interface Case {
  readonly startVendor: () => Promise<LoopbackVendor>
  readonly create: (baseUrl: string) => LLMProvider
  readonly headers: Readonly<Record<string, string>>
}

const openAI: Case = {
  startVendor: startOpenAIVendor,
  create: (baseUrl) => new OpenAIProvider({ baseUrl, apiKey }),
  headers: OPENAI_HEADERS,
}
const responses: Case = {
  startVendor: startResponsesVendor,
  create: (baseUrl) => new ResponsesProvider({ baseUrl, apiKey }),
  headers: OPENAI_HEADERS,
}
const anthropic: Case = {
  startVendor: startAnthropicVendor,
  create: (baseUrl) => new AnthropicProvider({ baseUrl, apiKey }),
  headers: ANTHROPIC_HEADERS,
}
const gemini: Case = {
  startVendor: startGeminiVendor,
  create: (baseUrl) => new GeminiProvider({ baseUrl, apiKey }),
  headers: { ...OPENAI_HEADERS, ...ANTHROPIC_HEADERS },
}

/** Starts a call, and sends headers and one token. */
async function begin({ startVendor, create, headers }: Case) {
  const vendor = await startVendor()
  onTestFinished(() => vendor.close())
  const provider = create(vendor.url)
  const onLimits = vi.fn<(limits: RequestLimits) => void>()
  const [model = ''] = provider.models
  const completion = provider.complete('Hi', { model, signal: new AbortController().signal, onLimits })
  const first = completion.next()
  const exchange = await vendor.nextRequest()
  exchange.start(undefined, headers)
  exchange.sendToken('Hello')
  await first
  const calledBefore = onLimits.mock.calls.length
  exchange.finish()
  while (!(await completion.next()).done);
  return { onLimits, calledBefore }
}

describe('the limits that a vendor tells in its headers', () => {
  it.each([
    ['openai by chat completions', openAI],
    ['openai by responses', responses],
    ['anthropic', anthropic],
  ])('are reported once by %s, before the first piece', async (_, told) => {
    const { onLimits, calledBefore } = await begin(told)
    expect(calledBefore).toBe(1)
    expect(onLimits.mock.calls).toEqual([[{ remainingRequests: 0, resetMs: expect.any(Number), limit: 60 }]])
    const [limits] = onLimits.mock.calls[0] ?? []
    expect(limits?.resetMs).toBeGreaterThan(0)
    expect(limits?.resetMs).toBeLessThanOrEqual(60_000)
  })

  it.each([
    ['openai is sent none', { ...openAI, headers: {} }],
    [
      'openai is sent some that cannot be read',
      { ...openAI, headers: { ...OPENAI_HEADERS, 'x-ratelimit-reset-requests': 'soon' } },
    ],
    ['anthropic is sent none', { ...anthropic, headers: {} }],
    ['gemini is sent those of others', gemini],
  ])('are not reported if %s', async (_, told) => {
    const { onLimits } = await begin(told)
    expect(onLimits).not.toHaveBeenCalled()
  })
})
