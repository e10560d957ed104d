import { describe, expect, it } from 'vitest'
import { type DoorServer, KEY } from './door-server.ts'
import { ANTHROPIC, CHAT, GEMINI, MODELS, RESPONSES } from './loopback-vendors.ts'
import type { Said, Sdk } from './sdk.ts'
import { say, sayPieces, USAGE } from './spoken.ts'

/** Tests of how answers end, as an SDK shows it. */
export function describeSdkEnds(sdk: Sdk, server: DoorServer): void {
  const access = () => ({ url: server.url, apiKey: KEY })
  const bothWays = (question: { model: string; prompt: string }) => [
    (onText?: (text: string) => void) => sdk.stream(access(), question, onText),
    () => sdk.ask(access(), question),
  ]

  describe('where an answer does not end well', () => {
    it('says that the limit of tokens cut an answer', async () => {
      for (const model of MODELS) {
        server
          .vendorOf(model)
          .respondWith((exchange) => say(exchange, ['Cut in the mid'], { reason: 'length', usage: USAGE }))
        for (const run of bothWays({ model: model.model, prompt: 'Go on' })) {
          if (sdk.lengthFinish === 'throws') await errorOf(run())
          else expect(await run()).toMatchObject({ text: 'Cut in the mid', finish: sdk.lengthFinish })
        }
      }
    })

    it('throws where a vendor fails in the middle, and never gives the text before as an answer', async () => {
      for (const model of MODELS) {
        server.vendorOf(model).respondWith((exchange) => {
          sayPieces(exchange, ['Half of ', 'it'])
          exchange.sendFailure('Overloaded.')
        })
        for (const run of bothWays({ model: model.model, prompt: 'Fail' })) await expectToThrow(run)
      }
    })

    it('throws where the connection of a vendor breaks in the middle', async () => {
      server.vendorOf(CHAT).respondWith(async (exchange) => {
        sayPieces(exchange, ['Half of ', 'it'])
        // A vendor that breaks before it has said anything is asked again.
        await server.published()
        exchange.reset()
      })
      for (const run of bothWays({ model: CHAT.model, prompt: 'Break' })) await expectToThrow(run)
    })

    it('throws where the job is cancelled', async () => {
      const vendor = server.vendorOf(RESPONSES)
      for (const run of bothWays({ model: RESPONSES.model, prompt: 'Cancel me' })) {
        vendor.respondWith(async (exchange) => {
          sayPieces(exchange, ['Half of '])
          await cancelRunning(server)
        })
        await expectToThrow(run)
      }
    })

    it('throws errors with the status of what went wrong', async () => {
      server.vendorOf(CHAT).respondWith((exchange) => exchange.fail(429, { retryAfterSeconds: 3_600 }))
      server.vendorOf(ANTHROPIC).respondWith((exchange) => exchange.fail(400, { message: 'Not like this.' }))
      server.vendorOf(GEMINI).respondWith((exchange) => exchange.fail(401))
      const status = async (asked: Promise<unknown>) => sdk.statusOf(await errorOf(asked))
      const prompt = 'Hello'
      const model = RESPONSES.model
      const [wrongKey, noModel, badValue, limited, refused, noVendorKey] = await Promise.all([
        status(sdk.ask({ url: server.url, apiKey: 'not-a-key' }, { model, prompt })),
        status(sdk.ask(access(), { model: 'openai/none', prompt })),
        status(sdk.stream(access(), { model, prompt, maxTokens: 1e16 })),
        status(sdk.stream(access(), { model: CHAT.model, prompt })),
        status(sdk.stream(access(), { model: ANTHROPIC.model, prompt })),
        status(sdk.ask(access(), { model: GEMINI.model, prompt })),
      ])
      expect({ wrongKey, badValue, limited, refused }).toEqual({
        wrongKey: 401,
        badValue: 400,
        limited: 429,
        refused: 400,
      })
      expect(noModel).toBe(sdk.unknownModelStatus ?? 404)
      // The operator's key is wrong, not the caller's.
      expect(noVendorKey).toBeGreaterThanOrEqual(500)
    })

    it('throws when the user stops it, and the server answers the next question', async () => {
      const vendor = server.vendorOf(RESPONSES)
      const before = vendor.requests
      vendor.respondWith(async (exchange) => {
        sayPieces(exchange, ['Half of '])
        if (exchange.request.prompt === 'Next') exchange.finish()
      })
      const stop = new AbortController()
      const question = { model: RESPONSES.model, prompt: 'Stop me', signal: stop.signal }
      await errorOf(sdk.stream(access(), question, () => stop.abort()))
      expect((await sdk.ask(access(), { model: RESPONSES.model, prompt: 'Next' })).text).toBe('Half of ')
      expect(vendor.requests).toBe(before + 2)
    })

    it('throws when the server stops in the middle', async () => {
      server.vendorOf(RESPONSES).respondWith((exchange) => sayPieces(exchange, ['Half of ']))
      const question = { model: RESPONSES.model, prompt: 'Hold on' }
      let ended: Promise<void> | undefined
      await errorOf(
        sdk.stream(access(), question, () => {
          ended ??= server.end('SIGTERM')
        }),
      )
      expect(ended).toBeDefined()
      await ended
      await server.startAgain()
    })
  })
}

async function expectToThrow(run: (onText?: (text: string) => void) => Promise<Said>): Promise<void> {
  let text = ''
  await errorOf(
    run((each) => {
      text += each
    }),
  )
  expect('Half of it').toContain(text)
}

async function errorOf(asked: Promise<unknown>): Promise<unknown> {
  const outcome = await asked.then(
    (answer) => ({ answer }),
    (error: unknown) => ({ error }),
  )
  if ('answer' in outcome) throw new Error(`It gave ${JSON.stringify(outcome.answer)}`)
  return outcome.error
}

async function cancelRunning(server: DoorServer): Promise<void> {
  for (const id of await server.running()) await server.native(`/jobs/${id}/cancel`, { method: 'POST' })
}
