import { inspect } from 'node:util'
import { describe, expect, it } from 'vitest'
import { ProviderError } from '../provider-error.ts'
import type { Drained } from './drain.ts'
import type { Exchange } from './exchange.ts'
import { API_KEY, type VendorHarness, vendorFixture } from './vendor-fixture.ts'

/** Everything that a vendor and its network can do wrong. */
export function describeVendorFailures(harness: VendorHarness): void {
  describe('when the vendor fails', () => {
    const { vendor, complete, run, started } = vendorFixture(harness)

    it.each([
      [400, 'provider-rejected', false],
      [401, 'provider-auth', false],
      [403, 'provider-auth', false],
      [404, 'provider-rejected', false],
      [408, 'provider-unavailable', true],
      [422, 'provider-rejected', false],
      [429, 'provider-rate-limited', true],
      [500, 'provider-unavailable', true],
      [503, 'provider-unavailable', true],
      [529, 'provider-unavailable', true],
    ])('turns a %i into %s', async (status, code, retryable) => {
      const error = errorOf(await run((exchange) => exchange.fail(status, { message: 'That is why.' })))
      expect(error).toMatchObject({ code, retryable, status })
      expect(error.message).toContain(String(status))
      expect(error.message).toContain('That is why.')
      expect(vendor().requests).toBe(1)
    })

    it('reads how long to wait', async () => {
      const error = errorOf(await run((exchange) => exchange.fail(429, { retryAfterSeconds: 7 })))
      expect(error).toMatchObject({ code: 'provider-rate-limited', retryable: true, retryAfterMs: 7000 })
    })

    it('survives an error page that is no JSON', async () => {
      const error = errorOf(await run((exchange) => exchange.respond(502, '<h1>Bad gateway</h1>')))
      expect(error).toMatchObject({ code: 'provider-unavailable', retryable: true, status: 502 })
    })

    it('does not take a page that is no stream for an answer', async () => {
      const { fragments, ...rest } = await run((exchange) => exchange.respond(200, '<h1>Welcome</h1>'))
      expect(fragments).toEqual([])
      expect(errorOf({ fragments, ...rest })).toMatchObject({ code: 'provider-malformed', retryable: true })
    })

    it('reports a vendor that is not there', async () => {
      await vendor().close()
      await expect(complete().next()).rejects.toMatchObject({ code: 'provider-unavailable', retryable: true })
    })

    it.each(['before the headers', 'before the first token'])('reports a connection that breaks %s', async (when) => {
      const result = await run((exchange) => {
        if (when === 'before the first token') exchange.start()
        exchange.reset()
      })
      expect(errorOf(result)).toMatchObject({ code: 'provider-unavailable', retryable: true })
    })

    it.each<[string, (exchange: Exchange) => void, string]>([
      ['breaks the connection', (exchange) => exchange.reset(), 'provider-unavailable'],
      ['reports a failure', (exchange) => exchange.sendFailure('Overloaded.'), 'provider-unavailable'],
      ['sends what nobody can parse', (exchange) => exchange.sendMalformed(), 'provider-malformed'],
      ['ends without its end marker', (exchange) => exchange.end(), 'provider-malformed'],
      ['ends inside an event', endInsideEvent, 'provider-malformed'],
    ])('gives out the tokens of a vendor that then %s, and fails', async (_, breakIt, code) => {
      const { completion, exchange, first } = await started()
      expect(first.value).toBe('Once')
      const next = completion.next()
      breakIt(exchange)
      await expect(next).rejects.toSatisfy((error) => error instanceof ProviderError)
      await expect(next).rejects.toMatchObject({ code, retryable: true })
    })

    it('closes the connection of a vendor that sends what nobody can parse', async () => {
      const { completion, exchange } = await started()
      exchange.sendMalformed()
      await expect(completion.next()).rejects.toBeInstanceOf(ProviderError)
      await exchange.closed
    })

    it('needs a key that a header can carry, before it asks anyone', async () => {
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
      ['an event that nobody can parse', (exchange, echo) => exchange.sendRaw(`data: {${echo}\n\n`)],
      ['a stream that ends too early', (exchange, echo) => exchange.sendRaw(echo)],
    ])('keeps the key out of its errors when the vendor echoes it in %s', async (_, answer) => {
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

function endInsideEvent(exchange: Exchange): void {
  exchange.sendRaw(exchange.eventOf(' upon').slice(0, 30))
  exchange.end()
}

function errorOf({ error }: Drained): ProviderError {
  if (error instanceof ProviderError) return error
  throw new Error(`Expected a ProviderError, got ${inspect(error)}`)
}
