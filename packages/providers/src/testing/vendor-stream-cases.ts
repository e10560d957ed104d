import { FinishReason } from '@promptlab/contract'
import { describe, expect, it } from 'vitest'
import { type VendorHarness, vendorFixture } from './vendor-fixture.ts'

/** Tests of streams that complete, and of streams that the consumer ends. */
export function describeVendorStreams(harness: VendorHarness): void {
  describe('over the wire', () => {
    const { vendor, complete, run, started } = vendorFixture(harness)

    it('sends no request before the first next()', async () => {
      complete({}, 'never started')
      const completion = complete({}, 'started')
      const first = completion.next()
      const exchange = await vendor().nextRequest()
      exchange.finish()
      await first
      expect(exchange.request.prompt).toBe('started')
      expect(vendor().requests).toBe(1)
    })

    it('yields each token as it arrives', async () => {
      const { completion, exchange, first } = await started()
      expect(first).toEqual({ done: false, value: 'Once' })
      exchange.sendToken(' upon')
      expect(await completion.next()).toEqual({ done: false, value: ' upon' })
      exchange.finish()
      expect(await completion.next()).toEqual({ done: true, value: { finishReason: 'stop' } })
    })

    it('drops empty deltas', async () => {
      const { fragments } = await run((exchange) => {
        for (const text of ['', 'a', '', '', 'b', '']) exchange.sendToken(text)
        exchange.finish()
      })
      expect(fragments).toEqual(['a', 'b'])
    })

    it('joins characters that the network has cut at any byte', async () => {
      const text = '👩‍🚀 漢字 é 𝒳 "\\\n\u2028'
      const { exchange, completion } = await started()
      const event = Buffer.from(exchange.eventOf(text))
      for (let cut = 1; cut < event.length; cut += 1) {
        exchange.sendRaw(event.subarray(0, cut))
        exchange.sendRaw(event.subarray(cut))
        expect(await completion.next()).toEqual({ done: false, value: text })
      }
      for (const byte of event) exchange.sendRaw(Uint8Array.of(byte))
      expect(await completion.next()).toEqual({ done: false, value: text })
      exchange.finish()
      expect(await completion.next()).toMatchObject({ done: true })
    })

    it('reads many events from one network chunk', async () => {
      const letters = [...'abcdefghij']
      const { fragments } = await run((exchange) => {
        exchange.sendRaw(letters.map((letter) => exchange.eventOf(letter)).join(''))
        exchange.finish()
      })
      expect(fragments.join('')).toBe(letters.join(''))
    })

    it('returns the usage that the vendor reports', async () => {
      const { summary } = await run((exchange) => {
        exchange.sendToken('Hi')
        exchange.finish({ usage: { inputTokens: 7, outputTokens: 42 } })
      })
      expect(summary).toEqual({ finishReason: 'stop', usage: { inputTokens: 7, outputTokens: 42 } })
    })

    it.each(harness.finishReasons ?? FinishReason.options)('returns the finish reason %s', async (reason) => {
      const { fragments, summary, error } = await run((exchange) => {
        exchange.sendToken('As far as it got')
        exchange.finish({ reason })
      })
      expect(error).toBeUndefined()
      expect(fragments).toEqual(['As far as it got'])
      expect(summary).toEqual({ finishReason: reason })
    })

    it('sends the model, the prompt and the first options', async () => {
      const options = { system: 'Be brief.', temperature: 0, maxTokens: 12 }
      await run((exchange) => {
        expect(exchange.request).toEqual({ model: harness.model, prompt: 'Hello', ...options })
        exchange.finish()
      }, options)
    })

    it('sends no option that was left out', async () => {
      await run((exchange) => {
        const maxTokens = harness.defaultMaxTokens
        expect(exchange.request).toEqual({ model: harness.model, prompt: 'Hello', maxTokens })
        exchange.finish()
      })
    })

    const reason = new Error('the user went home')

    it('throws the reason of an abort while it waits for a token, and closes the connection', async () => {
      const abort = new AbortController()
      const { completion, exchange } = await started({ signal: abort.signal })
      const next = completion.next()
      abort.abort(reason)
      await expect(next).rejects.toBe(reason)
      await exchange.closed
    })

    it('throws the reason of an abort between two tokens, and closes the connection', async () => {
      const abort = new AbortController()
      const { completion, exchange } = await started({ signal: abort.signal })
      abort.abort(reason)
      await expect(completion.next()).rejects.toBe(reason)
      await exchange.closed
    })

    it.each(['the headers', 'the first byte'])('throws the reason of an abort before %s', async (what) => {
      const abort = new AbortController()
      const first = complete({ signal: abort.signal }).next()
      const exchange = await vendor().nextRequest()
      if (what === 'the first byte') exchange.start()
      abort.abort(reason)
      await expect(first).rejects.toBe(reason)
      await exchange.closed
    })

    it('closes the connection when its consumer leaves early', async () => {
      const { completion, exchange } = await started()
      await completion.return(undefined)
      await exchange.closed
    })
  })
}
