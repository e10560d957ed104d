import { inspect } from 'node:util'
import { describe, expect, it } from 'vitest'
import type { Exchange } from './exchange.ts'
import { API_KEY, errorOf, type VendorHarness, vendorFixture } from './vendor-fixture.ts'

/** Tests of the key that a vendor needs. */
export function describeVendorKeys(harness: VendorHarness): void {
  describe('with a key', () => {
    const { vendor, run } = vendorFixture(harness)

    it('refuses a key that no header can carry, and sends nothing', async () => {
      for (const apiKey of ['', '  ', 'two\nlines', 'schlüssel']) {
        const provider = harness.create({ url: vendor().url, apiKey })
        const completion = provider.complete('Hello', { model: harness.model, signal: new AbortController().signal })
        await expect(completion.next()).rejects.toMatchObject({ code: 'provider-auth', retryable: false })
      }
      expect(vendor().requests).toBe(0)
    })

    it.each<[string, (exchange: Exchange, echo: string) => void]>([
      ['a refusal', (exchange, echo) => exchange.fail(401, { message: echo })],
      ['an error page', (exchange, echo) => exchange.respond(500, echo)],
      ['a failure inside the stream', (exchange, echo) => exchange.sendFailure(echo)],
      ['an event that cannot be parsed', (exchange, echo) => exchange.sendRaw(`data: {${echo}\n\n`)],
      ['a stream that ends too early', (exchange, echo) => exchange.sendRaw(echo)],
    ])('keeps the key out of its errors when the vendor quotes it in %s', async (_, answer) => {
      const echo = `${API_KEY} is wrong, Bearer ${API_KEY} too: ${'x'.repeat(440)} ${API_KEY}`
      const result = await run((exchange) => {
        expect(JSON.stringify(exchange.headers)).toContain(API_KEY)
        answer(exchange, echo)
        exchange.end()
      })
      const error = errorOf(result)
      expect(error.message.length).toBeLessThan(600)
      for (const shown of [inspect(error, { showHidden: true, depth: Infinity }), JSON.stringify(error), error.stack]) {
        expect(shown).not.toContain(API_KEY)
        expect(shown).not.toContain(API_KEY.slice(0, 12))
      }
    })
  })
}
