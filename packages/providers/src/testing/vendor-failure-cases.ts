import { describe, expect, it } from 'vitest'
import { ProviderError } from '../provider-error.ts'
import type { Exchange } from './exchange.ts'
import { errorOf, type VendorHarness, vendorFixture } from './vendor-fixture.ts'

/** Tests of every failure of a vendor and of the network. */
export function describeVendorFailures(harness: VendorHarness): void {
  describe('when the vendor fails', () => {
    const { vendor, provider, complete, run, started } = vendorFixture(harness)

    it.each([
      [400, 'provider-rejected', false],
      [401, 'provider-auth', false],
      [402, 'provider-quota-exceeded', false],
      [403, 'provider-auth', false],
      [404, 'model-unavailable', false],
      [408, 'provider-unavailable', true],
      [413, 'prompt-too-long', false],
      [422, 'provider-rejected', false],
      [424, 'provider-unavailable', true],
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

    it('gives callers the own words of a vendor that refuses the request, and of no other failure', async () => {
      const message = 'That is why.'
      const sentence = async (status: number) =>
        errorOf(await run((exchange) => exchange.fail(status, { message }))).sentence
      // Not every provider can tell a sentence from other words.
      expect([`${provider().name}: That is why.`, undefined]).toContain(await sentence(400))
      for (const status of [401, 403, 429, 500]) expect(await sentence(status)).toBeUndefined()
    })

    it('reads the wait that the vendor asks for', async () => {
      const error = errorOf(await run((exchange) => exchange.fail(429, { retryAfterSeconds: 7 })))
      expect(error).toMatchObject({ code: 'provider-rate-limited', retryable: true, retryAfterMs: 7000 })
    })

    it('reads the status of an error page that is not JSON', async () => {
      const error = errorOf(await run((exchange) => exchange.respond(502, '<h1>Bad gateway</h1>')))
      expect(error).toMatchObject({ code: 'provider-unavailable', retryable: true, status: 502 })
    })

    it('refuses a page that is not a stream', async () => {
      const { fragments, ...rest } = await run((exchange) => exchange.respond(200, '<h1>Welcome</h1>'))
      expect(fragments).toEqual([])
      expect(errorOf({ fragments, ...rest })).toMatchObject({ code: 'provider-malformed', retryable: true })
    })

    it('reports a vendor that does not listen', async () => {
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
      ['sends an event that cannot be parsed', (exchange) => exchange.sendMalformed(), 'provider-malformed'],
      ['ends without its end marker', (exchange) => exchange.end(), 'provider-malformed'],
      ['ends inside an event', endInsideEvent, 'provider-malformed'],
    ])('yields the tokens of a vendor that then %s, and throws', async (_, breakIt, code) => {
      const { completion, exchange, first } = await started()
      expect(first.value).toBe('Once')
      const next = completion.next()
      breakIt(exchange)
      await expect(next).rejects.toSatisfy((error) => error instanceof ProviderError)
      await expect(next).rejects.toMatchObject({ code, retryable: true })
    })

    it('closes the connection of a vendor that sends an event that cannot be parsed', async () => {
      const { completion, exchange } = await started()
      exchange.sendMalformed()
      await expect(completion.next()).rejects.toBeInstanceOf(ProviderError)
      await exchange.closed
    })
  })
}

function endInsideEvent(exchange: Exchange): void {
  exchange.sendRaw(exchange.eventOf(' upon').slice(0, 30))
  exchange.end()
}
