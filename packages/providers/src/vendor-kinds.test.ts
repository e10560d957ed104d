import { describe, expect, it, onTestFinished } from 'vitest'
import { RequestHeaders } from './request-headers.ts'
import { drain } from './testing/drain.ts'
import { startAnthropicVendor, startGeminiVendor, startOpenAIVendor, startResponsesVendor } from './testing/vendors.ts'
import { VENDOR_KIND_NAMES, type VendorKind } from './vendor.ts'
import { VENDOR_KINDS } from './vendor-kinds.ts'

const START = {
  'openai-compatible': startOpenAIVendor,
  openai: startResponsesVendor,
  anthropic: startAnthropicVendor,
  gemini: startGeminiVendor,
}

/** Completes a prompt with a server of this kind, and gives the headers that it got. */
async function headersOf(kind: VendorKind, apiKey: (() => string) | undefined) {
  const vendor = await START[kind]()
  onTestFinished(() => vendor.close())
  const headers = new RequestHeaders([
    { name: 'x-team', value: () => 'a', isSecret: false },
    { name: 'x-token', value: () => 'a-secret-token', isSecret: true },
  ])
  const settings = { name: 'acme', apiKey, baseUrl: vendor.url, models: [], delayMs: 0, headers, habits: undefined }
  const provider = VENDOR_KINDS[kind](settings)
  expect(provider.name).toBe('acme')
  const { signal } = new AbortController()
  const completed = drain(provider.complete('Hello', { model: 'm', signal }))
  const exchange = await vendor.nextRequest()
  exchange.sendToken('Hi')
  exchange.finish()
  expect(await completed).toMatchObject({ fragments: ['Hi'] })
  const failed = drain(provider.complete('Hello', { model: 'm', signal }))
  ;(await vendor.nextRequest()).fail(400, { message: 'No a-secret-token here' })
  expect((await failed).error).toMatchObject({ words: expect.not.stringContaining('a-secret-token') })
  return exchange.headers
}

describe.each(VENDOR_KIND_NAMES)('a vendor of the kind %s', (kind) => {
  it('is sent its key and the headers of the operator, whose secrets are in no error', async () => {
    const headers = await headersOf(kind, () => 'a-key-of-the-service')
    expect(headers).toMatchObject({ 'x-team': 'a', 'x-token': 'a-secret-token' })
    expect(JSON.stringify(headers)).toContain('a-key-of-the-service')
  })

  it('is sent no key if it needs none', async () => {
    const headers = await headersOf(kind, undefined)
    expect(headers.authorization).toBeUndefined()
    expect(headers['x-api-key']).toBeUndefined()
  })
})
