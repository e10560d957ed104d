import { describe, expect, it } from 'vitest'
import { type DoorServer, KEY } from './door-server.ts'
import { HOSTILE_PIECES, HOSTILE_TEXT } from './hostile-text.ts'
import { ANTHROPIC, MODELS, type VendorModel } from './loopback-vendors.ts'
import type { Sdk } from './sdk.ts'
import { callSum, partsOf, SUM_INPUT, say, USAGE } from './spoken.ts'

/** One white pixel. */
const PNG = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8/5+hHgAHggJ/PchI7wAAAABJRU5ErkJggg=='

/** Tests of answers through an SDK, with each vendor behind the server. */
export function describeSdkAnswers(sdk: Sdk, server: DoorServer): void {
  for (const model of MODELS) describe(`with ${model.model}`, () => describeAnswers(sdk, server, model))

  it('gives the answers of echo', async () => {
    const prompt = HOSTILE_TEXT.slice(0, 200)
    expect((await sdk.stream({ url: server.url, apiKey: KEY }, { model: 'echo/echo', prompt })).text).toBe(prompt)
  })
}

function describeAnswers(sdk: Sdk, server: DoorServer, vendorModel: VendorModel): void {
  const { model } = vendorModel
  const vendor = server.vendorOf(vendorModel)
  const access = () => ({ url: server.url, apiKey: KEY })
  const shows = (what: 'reasoning' | 'refusal') => vendorModel.says.includes(what) && !(sdk.lacks ?? []).includes(what)

  it('gives exactly the text and the usage, streamed and at once', async () => {
    vendor.respondWith((exchange) => say(exchange, HOSTILE_PIECES))
    const question = { model, prompt: 'Hello' }
    const texts: string[] = []
    const streamed = await sdk.stream(access(), question, (text) => texts.push(text))
    const whole = await sdk.ask(access(), question)
    for (const { text, usage } of [streamed, whole]) {
      expect(text).toBe(HOSTILE_TEXT)
      expect(usage).toEqual({ input: USAGE.inputTokens, output: USAGE.outputTokens })
    }
    expect(texts.join('')).toBe(HOSTILE_TEXT)
  })

  it('runs a tool, and gives the answer behind it', async () => {
    const seen: ReturnType<typeof partsOf>[] = []
    vendor.respondWith((exchange) => {
      seen.push(partsOf(exchange))
      if (seen.length === 1) callSum(exchange)
      else say(exchange, ['The sum ', 'is 5.'])
    })
    const inputs: unknown[] = []
    const { text } = await sdk.useTool(access(), { model, prompt: 'What is 2 + 3?' }, (input) => {
      inputs.push(input)
      return 'five: 5'
    })
    expect({ text, inputs }).toEqual({ text: 'The sum is 5.', inputs: [SUM_INPUT] })
    const call = seen[1]?.find(({ type }) => type === 'tool-call')
    const result = seen[1]?.find(({ type }) => type === 'tool-result')
    expect(call).toMatchObject({ name: 'get_sum' })
    expect(JSON.stringify(result)).toContain('five: 5')
    if (call?.type === 'tool-call') expect(result).toMatchObject({ callId: call.callId })
    expect(seen).toHaveLength(2)
  })

  it('shows an image to the model', async () => {
    let image: unknown
    vendor.respondWith((exchange) => {
      image = partsOf(exchange).find(({ type }) => type === 'image')
      say(exchange, ['A pixel.'])
    })
    const { text } = await sdk.ask(access(), { model, prompt: 'What is this?', image: PNG })
    expect(text).toBe('A pixel.')
    expect(image).toMatchObject({ mediaType: 'image/png', data: PNG })
  })

  it('brings the first turn of a conversation into the second', async () => {
    let parts: ReturnType<typeof partsOf> = []
    vendor.respondWith((exchange) => {
      parts = partsOf(exchange)
      say(exchange, [`Answer to ${exchange.request.prompt}`])
    })
    const [first, second] = await sdk.converse(access(), { model, prompt: 'One?' }, { model, prompt: 'Two?' })
    expect([first.text, second.text]).toEqual(['Answer to One?', 'Answer to Two?'])
    expect(parts).toMatchObject([
      { role: 'user', text: 'One?' },
      { role: 'assistant', text: 'Answer to One?' },
      { role: 'user', text: 'Two?' },
    ])
  })

  if (sdk.refusedObjects?.includes(model)) {
    it('is told that this model cannot give an object', async () => {
      const asked = sdk.askObject(access(), { model, prompt: 'Two numbers!' }).catch((error: unknown) => error)
      expect(sdk.statusOf(await asked)).toBe(400)
    })
  } else {
    it('gives an object with the schema', async () => {
      let body = ''
      vendor.respondWith((exchange) => {
        body = JSON.stringify(exchange.body)
        say(exchange, [JSON.stringify(SUM_INPUT)])
      })
      expect(await sdk.askObject(access(), { model, prompt: 'Two numbers!' })).toEqual(SUM_INPUT)
      // The schema reaches the vendor.
      expect(body).toContain('"a":{"type":"number"')
    })
  }

  if (shows('reasoning')) {
    it('shows the reasoning, streamed and at once', async () => {
      vendor.respondWith((exchange) => say(exchange, [{ reasoning: 'Hm\u2028' }, { reasoning: 'so' }, 'Yes.']))
      for (const said of [
        await sdk.stream(access(), { model, prompt: 'Think' }),
        await sdk.ask(access(), { model, prompt: 'Think' }),
      ])
        expect(said).toMatchObject({ text: 'Yes.', reasoning: 'Hm\u2028so' })
    })
  }

  if (sdk.keepsCarry && vendorModel.says.includes('carry')) {
    it('brings back what the vendor wants of its reasoning', async () => {
      let body = ''
      vendor.respondWith((exchange) => {
        body = JSON.stringify(exchange.body)
        say(exchange, [{ reasoning: 'Hm', carry: 'c2lnbmF0dXJl' }, 'Yes.'])
      })
      await sdk.converse(access(), { model, prompt: 'One?' }, { model, prompt: 'Two?' })
      expect(body).toContain('c2lnbmF0dXJl')
      if (vendorModel === ANTHROPIC) expect(body).toContain('"thinking":"Hm"')
    })
  }

  if (shows('refusal')) {
    it('shows a refusal, streamed and at once', async () => {
      vendor.respondWith((exchange) => say(exchange, [{ refusal: "I can't " }, { refusal: 'do that.' }]))
      const question = { model, prompt: 'Do it!' }
      for (const said of [await sdk.stream(access(), question), await sdk.ask(access(), question)])
        expect(said).toMatchObject({ text: '', refusal: "I can't do that." })
    })
  }
}
