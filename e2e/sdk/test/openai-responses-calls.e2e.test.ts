import OpenAI from 'openai'
import { describe, expect, it } from 'vitest'
import { DoorServer, KEY } from './door-server.ts'
import { CHAT, RESPONSES } from './loopback-vendors.ts'
import { openai } from './openai-responses-sdk.ts'
import { say, sayPieces } from './spoken.ts'

const server = await DoorServer.startForFile()
const client = () => openai({ url: server.url, apiKey: KEY })
const asked = { model: RESPONSES.model, input: 'Hello' }

describe('openai.responses', () => {
  it('retrieves, lists the input of, and deletes a response', async () => {
    server.vendorOf(RESPONSES).respondWith((exchange) => say(exchange, ['Hi.']))
    const metadata = { team: 'a' }
    const created = await client().responses.create({ ...asked, metadata, instructions: 'Be brief.' })
    expect(created).toMatchObject({ metadata, instructions: 'Be brief.', output_text: 'Hi.', status: 'completed' })
    expect(await client().responses.retrieve(created.id)).toEqual(created)
    const items = await Array.fromAsync(client().responses.inputItems.list(created.id))
    expect(items).toMatchObject([{ type: 'message', role: 'user', content: [{ type: 'input_text', text: 'Hello' }] }])
    await client().responses.delete(created.id)
    await expect(client().responses.retrieve(created.id)).rejects.toBeInstanceOf(OpenAI.NotFoundError)
    const next = client().responses.create({ ...asked, previous_response_id: created.id })
    await expect(next).rejects.toMatchObject({ status: 400, code: 'previous_response_not_found' })
  })

  it('polls a response in the background, and cancels one', async () => {
    const gate = Promise.withResolvers<void>()
    server.vendorOf(RESPONSES).respondWith(async (exchange) => {
      sayPieces(exchange, ['Half of '])
      await gate.promise
      if (exchange.request.prompt === 'Hello') say(exchange, ['it.'])
    })
    const waiting = await client().responses.create({ ...asked, background: true })
    expect(waiting).toMatchObject({ background: true, output: [], usage: null })
    expect(['queued', 'in_progress']).toContain(waiting.status)
    const running = await client().responses.create({ ...asked, input: 'Cancel', background: true })
    const cancelled = await client().responses.cancel(running.id)
    expect(cancelled.status).toBe('cancelled')
    expect(await client().responses.cancel(running.id)).toEqual(cancelled)
    gate.resolve()
    await Array.fromAsync(await client().responses.retrieve(waiting.id, { stream: true }))
    expect(await client().responses.retrieve(waiting.id)).toMatchObject({
      status: 'completed',
      output_text: 'Half of it.',
    })
  })

  it('keeps nothing with store: false', async () => {
    server.vendorOf(RESPONSES).respondWith((exchange) => say(exchange, ['Gone.']))
    const { id, output_text } = await client().responses.create({ ...asked, store: false })
    expect(output_text).toBe('Gone.')
    await expect(client().responses.retrieve(id)).rejects.toBeInstanceOf(OpenAI.NotFoundError)
    const background = client().responses.create({ ...asked, store: false, background: true })
    await expect(background).rejects.toBeInstanceOf(OpenAI.BadRequestError)
  })

  it('shows no response to another caller', async () => {
    server.vendorOf(RESPONSES).respondWith((exchange) => say(exchange, ['Mine.']))
    const { id } = await client().responses.create(asked)
    const other = openai({ url: server.url, apiKey: 'key-of-bob-0123456789' })
    await expect(other.responses.retrieve(id)).rejects.toBeInstanceOf(OpenAI.NotFoundError)
    const next = other.responses.create({ ...asked, previous_response_id: id })
    await expect(next).rejects.toBeInstanceOf(OpenAI.BadRequestError)
  })

  it('names the parameter that is at fault', async () => {
    const create = (more: object) => client().responses.create({ ...asked, ...more })
    await expect(create({ temperature: 9 })).rejects.toMatchObject({ status: 400, param: 'temperature' })
    await expect(create({ tools: [{ type: 'web_search' }] })).rejects.toMatchObject({
      status: 400,
      param: expect.stringMatching(/^tools/),
    })
    await expect(create({ conversation: 'conv_1' })).rejects.toMatchObject({ status: 400, param: 'conversation' })
    const image = [{ role: 'user', content: [{ type: 'input_image', file_id: 'file-1', detail: 'auto' }] }]
    await expect(create({ input: image })).rejects.toMatchObject({
      status: 400,
      param: expect.stringMatching(/^input\[0\]\.content\[0\]/),
    })
  })
})

it('a vendor that fails is asked again by the server, and then is an error of the server', async () => {
  const vendor = server.vendorOf(RESPONSES)
  const before = vendor.requests
  vendor.respondWith((exchange) => exchange.fail(500))
  await expect(client().responses.create(asked)).rejects.toBeInstanceOf(OpenAI.InternalServerError)
  expect(vendor.requests - before).toBeGreaterThan(1)
})

describe('openai.models', () => {
  it('lists and finds every model', async () => {
    const models = await Array.fromAsync(client().models.list())
    const ids = models.map(({ id }) => id)
    for (const model of [RESPONSES.model, CHAT.model, 'gpt-loop']) expect(ids).toContain(model)
    expect(await client().models.retrieve(RESPONSES.model)).toMatchObject({ id: RESPONSES.model, object: 'model' })
    await expect(client().models.retrieve('none/none')).rejects.toBeInstanceOf(OpenAI.NotFoundError)
  })
})
