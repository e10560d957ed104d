import { ProviderError } from '@promptlab/providers'
import { pino } from 'pino'
import { expect, it, vi } from 'vitest'
import { ANN, ApiKeyServer, BOB } from '../support/api-key-server.ts'
import { ScriptedProvider } from '../support/scripted-provider.ts'

const PROMPT = 'the-secret-of-the-prompt'
const ANSWER = 'the-secret-of-the-answer'
const MESSAGES = [{ role: 'user', content: PROMPT }]
const DOORS = [
  ['/v1/responses', { input: PROMPT, metadata: { a: PROMPT } }],
  ['/v1/chat/completions', { messages: MESSAGES }],
  ['/v1/messages', { messages: MESSAGES, max_tokens: 9 }],
] as const

async function loggedServer(script: ConstructorParameters<typeof ScriptedProvider>[0]) {
  let log = ''
  const write = (line: string) => {
    log += line
  }
  const logger = pino({ level: 'info' }, { write })
  const env = { METRICS_KEY: 'key-of-metrics-01234' }
  const server = await ApiKeyServer.start({ logger, env, providers: [new ScriptedProvider(script)] })
  const post = (key: string, path: string, body: object) => {
    const headers = { 'content-type': 'application/json' }
    return server.call(key, path, { method: 'POST', headers, body: JSON.stringify({ model: 'script-1', ...body }) })
  }
  return { server, post, log: () => log }
}

it.each(DOORS)('the log and the metrics have no word of the texts and keys at %s', async (path, body) => {
  const failure = new ProviderError(`refused: ${PROMPT}`, { code: 'provider-rejected' })
  const { server, post, log } = await loggedServer([ANSWER, failure])
  for (const stream of [false, true]) await (await post(ANN, path, { ...body, stream })).text()
  await (await post(ANN, path, { ...body, [PROMPT]: PROMPT })).text()
  await (await post(ANN, path, { ...body, model: 1 })).text()
  vi.spyOn(server.jobs, 'insert').mockRejectedValueOnce(new Error('away'))
  expect((await post(ANN, path, body)).status).toBe(500)
  const metrics = await (await server.call('key-of-metrics-01234', '/metrics')).text()
  expect(metrics).toContain('promptlab_')
  expect(log()).toContain('"away"')
  for (const secret of [PROMPT, ANSWER, ANN]) expect(`${log()}${metrics}`).not.toContain(secret)
})

it('nothing that is kept for a repeat is shown, and another caller sees nothing at all', async () => {
  const { server, post } = await loggedServer([
    ANSWER,
    { type: 'tool-call', callId: 'c', name: 'f' },
    { type: 'tool-call-end' },
  ])
  for (const [path, body] of DOORS) {
    const made = await post(ANN, path, body)
    const id = made.headers.get('x-promptlab-job') ?? ''
    const { requestDigest = '', client } = (await server.jobs.find(id)) ?? {}
    expect(requestDigest).not.toBe('')
    const digits = id.replaceAll('-', '')
    const reads = [`/jobs/${id}`, '/jobs', `/v1/responses/resp_${digits}`, `/v1/responses/resp_${digits}?stream=true`]
    reads.push(`/v1/responses/resp_${digits}/input_items`, `/v1/chat/completions/chatcmpl-${digits}`)
    const shown = [await made.text()]
    for (const read of reads) shown.push(await (await server.call(ANN, read)).text())
    for (const secret of [requestDigest, client?.process ?? requestDigest]) expect(shown.join('')).not.toContain(secret)

    for (const read of reads.filter((each) => each !== '/jobs')) expect((await server.call(BOB, read)).status).toBe(404)
    expect(await server.idsOf(BOB)).toEqual([])
    const previous = await post(BOB, '/v1/responses', { input: 'x', previous_response_id: `resp_${digits}` })
    expect([previous.status, await previous.text()]).toEqual([
      400,
      expect.stringContaining('previous_response_not_found'),
    ])
    for (const item of [`msg_${digits}_0`, `fc_${digits}_1`, `msg_${digits}_i0`]) {
      const input = [
        { role: 'user', content: 'x' },
        { type: 'item_reference', id: item },
      ]
      expect((await post(BOB, '/v1/responses', { input })).status).toBe(404)
    }
  }
})
