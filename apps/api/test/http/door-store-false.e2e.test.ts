import { randomUUID } from 'node:crypto'
import { describe, expect, it, vi } from 'vitest'
import { z } from 'zod'
import { doorId } from '../../src/doors/door-ids.ts'
import { ANN, ApiKeyServer } from '../support/api-key-server.ts'
import { ScriptedProvider } from '../support/scripted-provider.ts'

const USED = { finishReason: 'stop', usage: { inputTokens: 3, outputTokens: 4 } } as const
const BODY = { model: 'script-1', store: false }
const DOORS = [
  ['/v1/responses', { ...BODY, input: 'Hi' }],
  ['/v1/chat/completions', { ...BODY, messages: [{ role: 'user', content: 'Hi' }] }],
] as const

function post(server: ApiKeyServer, path: string, body: object, init: RequestInit = {}): Promise<Response> {
  const headers = { 'content-type': 'application/json' }
  return server.call(ANN, path, { method: 'POST', headers, body: JSON.stringify(body), ...init })
}

/** The routes at which a job might be seen. */
function routesOf(id: string): [method: string, path: string][] {
  const response = `/v1/responses/${doorId('resp_', id)}`
  const completion = `/v1/chat/completions/${doorId('chatcmpl-', id)}`
  return [
    ['GET', `/jobs/${id}`],
    ['GET', `/jobs/${id}/stream`],
    ['POST', `/jobs/${id}/cancel`],
    ['DELETE', `/jobs/${id}`],
    ['GET', response],
    ['GET', `${response}?stream=true`],
    ['GET', `${response}/input_items`],
    ['POST', `${response}/cancel`],
    ['DELETE', response],
    ['GET', completion],
    ['DELETE', completion],
  ]
}

const Refused = z.looseObject({ error: z.looseObject({ param: z.string().nullable(), code: z.string() }) })

describe.each(DOORS)('a job of %s that is not to be stored', (path, body) => {
  it('is nowhere while it runs, and is removed when its answer was delivered', async () => {
    const gate = Promise.withResolvers<void>()
    const provider = new ScriptedProvider(['Hel', gate.promise, 'lo'], USED)
    const server = await ApiKeyServer.start({ providers: [provider] })
    const inserted = vi.spyOn(server.jobs, 'insert')
    const answer = post(server, path, { ...body, stream: true })
    const { id } = await vi.waitUntil(() => inserted.mock.calls[0]?.[0])
    await answer
    for (const [method, route] of routesOf(id))
      expect([route, (await server.call(ANN, route, { method })).status]).toEqual([route, 404])
    expect(await server.idsOf(ANN)).toEqual([])
    const previous = { ...BODY, input: 'Ho', previous_response_id: doorId('resp_', id) }
    const refused = await post(server, '/v1/responses', previous)
    expect(Refused.parse(await refused.json()).error).toMatchObject({
      code: 'previous_response_not_found',
      param: 'previous_response_id',
    })
    const reference = [
      { role: 'user', content: 'x' },
      { type: 'item_reference', id: `${doorId('msg_', id)}_0` },
    ]
    expect((await post(server, '/v1/responses', { ...BODY, input: reference })).status).toBe(404)
    gate.resolve()
    expect(await (await answer).text()).toMatch(/\[DONE\]\n\n$/)
    await vi.waitUntil(async () => (await server.jobs.find(id)) === undefined)
  })

  it('is kept for a client that was lost, and nobody sees it then either', async () => {
    const gate = Promise.withResolvers<void>()
    const provider = new ScriptedProvider([gate.promise, 'Hello'], USED)
    const server = await ApiKeyServer.start({ providers: [provider] })
    const inserted = vi.spyOn(server.jobs, 'insert')
    const leaving = new AbortController()
    const answer = post(server, path, body, { signal: leaving.signal }).catch(() => undefined)
    const { id } = await vi.waitUntil(() => inserted.mock.calls[0]?.[0])
    await vi.waitUntil(() => server.app.openStreams.count === 1)
    leaving.abort()
    await answer
    gate.resolve()
    const kept = await vi.waitUntil(async () => {
      const job = await server.jobs.find(id)
      return job?.status === 'completed' && job.client?.lostAt !== undefined && job
    })
    const { lostAt = '' } = kept.client ?? {}
    expect(Date.parse(kept.deleteAfter ?? '') - Date.parse(lostAt)).toBe(60_000)
    expect((await server.call(ANN, `/jobs/${id}`)).status).toBe(404)
    expect(await server.jobs.deleteHidden(Date.parse(lostAt) + 59_999, 9)).toBe(0)
    const joined = await post(server, path, body)
    expect(joined.headers.get('x-promptlab-job')).toBe(id)
    expect(await joined.text()).toContain('Hello')
    await vi.waitUntil(async () => (await server.jobs.find(id)) === undefined)
    expect(provider.calls).toBe(1)
  })

  it('is removed when its client was told that it failed', async () => {
    const server = await ApiKeyServer.start({ providers: [new ScriptedProvider([new Error(randomUUID())])] })
    const inserted = vi.spyOn(server.jobs, 'insert')
    expect((await post(server, path, body)).status).toBe(500)
    const id = inserted.mock.calls[0]?.[0].id ?? ''
    await vi.waitUntil(async () => (await server.jobs.find(id)) === undefined)
  })
})

it('a response that is not to be stored cannot run in the background', async () => {
  const server = await ApiKeyServer.start({ providers: [new ScriptedProvider(['Hi'])] })
  const refused = await post(server, '/v1/responses', { ...BODY, input: 'Hi', background: true })
  expect(refused.status).toBe(400)
  expect(Refused.parse(await refused.json()).error.param).toBe('background')
})
