import { DeliveryList, JobResource } from '@promptlab/contract'
import { ProviderError } from '@promptlab/providers'
import { describe, expect, it } from 'vitest'
import { ANN, ApiKeyServer, BOB, ECHO } from '../support/api-key-server.ts'
import { LogLines } from '../support/log-lines.ts'
import { ScriptedProvider } from '../support/scripted-provider.ts'
import { answerWith, WEBHOOK_SECRET, WebhookReceiver } from '../support/webhook-receiver.ts'

const SECRETS = { WEBHOOK_SECRET, WEBHOOK_HOSTS: '127.0.0.1' }
const METRICS_KEY = 'key-of-metrics-0123'
const SCRIPTED = { prompt: 'Go', provider: 'scripted', model: 'script-1' }
const never = new Promise<void>(() => {})

async function createdJob(response: Response): Promise<JobResource> {
  expect([200, 202]).toContain(response.status)
  return JobResource.parse(await response.json())
}

/** The deliveries of a job, once none of them is under way. */
async function deliveriesOf(server: ApiKeyServer, key: string, id: string) {
  for (;;) {
    const response = await server.call(key, `/jobs/${id}/deliveries`)
    expect(response.status).toBe(200)
    const { data } = DeliveryList.parse(await response.json())
    if (data.every(({ status, attempts }) => status !== 'waiting' || attempts.length > 0)) return data
  }
}

describe('webhook.url', () => {
  it('gets a signed POST at the end of the job, with links and without texts', async () => {
    const receiver = await WebhookReceiver.start()
    const server = await ApiKeyServer.start({ env: { ...SECRETS, PUBLIC_URL: 'https://jobs.example.com/' } })
    const job = await createdJob(
      await server.post(ANN, { ...ECHO, webhook: { url: receiver.url }, metadata: { run: '7' } }),
    )
    expect(job.webhook).toEqual({ url: receiver.url })
    const [news = expect.fail()] = await receiver.count(1)
    expect(news.message).toMatchObject({
      type: 'job.completed',
      data: {
        id: job.id,
        status: 'completed',
        provider: 'echo',
        metadata: { run: '7' },
        links: {
          self: `https://jobs.example.com/jobs/${job.id}`,
          stream: `https://jobs.example.com/jobs/${job.id}/stream`,
        },
      },
    })
    expect(news.body).not.toMatch(/Once upon|signature/)
    expect(await deliveriesOf(server, ANN, job.id)).toEqual([
      {
        id: news.id,
        to: 'job',
        status: 'delivered',
        attempts: [{ at: expect.any(String), durationMs: expect.any(Number), status: 204 }],
      },
    ])
    expect((await server.call(BOB, `/jobs/${job.id}/deliveries`)).status).toBe(404)
  })

  it('is told why a job failed, and that one was cancelled', async () => {
    const receiver = await WebhookReceiver.start()
    const webhook = { url: receiver.url }
    const refusal = new ProviderError('A secret of the vendor', { code: 'provider-rejected', retryable: false })
    const failing = await ApiKeyServer.start({ env: SECRETS, providers: [new ScriptedProvider([refusal])] })
    const failed = await createdJob(await failing.post(ANN, { ...SCRIPTED, webhook }))
    await receiver.count(1)
    const stuck = await ApiKeyServer.start({ env: SECRETS, providers: [new ScriptedProvider(['Once', never])] })
    const cancelled = await createdJob(await stuck.post(ANN, { ...SCRIPTED, webhook }))
    await stuck.call(ANN, `/jobs/${cancelled.id}/cancel`, { method: 'POST' })
    const told = (await receiver.count(2)).map(({ message: { type, data } }) => ({
      type,
      id: data.id,
      error: data.error,
    }))
    expect(told).toEqual([
      { type: 'job.failed', id: failed.id, error: expect.objectContaining({ code: 'provider-rejected' }) },
      { type: 'job.cancelled', id: cancelled.id, error: undefined },
    ])
    expect(receiver.received.map(({ body }) => body).join()).not.toContain('secret')
  })

  it.each([
    [
      'a host that is not named',
      'https://example.com/',
      /webhook\.url: The operator of this server does not allow the host example\.com\./,
    ],
    ['an address that is not named', 'https://127.0.0.2/', /does not allow the host 127\.0\.0\.2/],
    ['an address with a password', 'https://ann:secret@127.0.0.1/', /Must have no user name/],
    ['an address of FTP', 'ftp://127.0.0.1/', /Must be an address that begins with https/],
    ['no address', 'nowhere', /Must be an address that begins with https/],
    ['a long address', `https://127.0.0.1/${'x'.repeat(2_000)}`, /webhook\.url/],
  ])('is refused as %s', async (_, url, detail) => {
    const server = await ApiKeyServer.start({ env: SECRETS })
    const response = await server.post(ANN, { ...ECHO, webhook: { url } })
    expect(response.status).toBe(400)
    const problem: unknown = await response.json()
    expect(problem).toMatchObject({ code: 'invalid-request', errors: [{ path: 'webhook.url' }] })
    expect(problem).toMatchObject({ detail: expect.stringMatching(detail) })
    expect(await server.idsOf(ANN)).toEqual([])
  })

  it.each([{}, { WEBHOOK_SECRET, WEBHOOK_URL: 'http://127.0.0.1:9/' }])(
    'is refused by a server with the settings %o, which says what its operator has to set',
    async (env) => {
      const server = await ApiKeyServer.start({ env })
      const response = await server.post(ANN, { ...ECHO, webhook: { url: 'https://example.com/' } })
      expect(await response.json()).toMatchObject({ status: 400, detail: expect.stringContaining('WEBHOOK_HOSTS') })
    },
  )

  it('makes one delivery, however often the request is repeated', async () => {
    const receiver = await WebhookReceiver.start()
    const server = await ApiKeyServer.start({ env: SECRETS })
    const body = { ...ECHO, webhook: { url: receiver.url } }
    const key = { 'idempotency-key': 'one' }
    const first = await createdJob(await server.post(ANN, body, key))
    await receiver.count(1)
    const before = await deliveriesOf(server, ANN, first.id)
    await createdJob(await server.post(ANN, body, key))
    const other = await server.post(ANN, { ...body, webhook: { url: `${receiver.url}/other` } }, key)
    expect(other.status).toBe(422)
    expect(await deliveriesOf(server, ANN, first.id)).toEqual(before)
    expect(receiver.received).toHaveLength(1)
  })

  it('is answered 410 and gets no further attempt', async () => {
    const receiver = await WebhookReceiver.start()
    receiver.answer = answerWith(410)
    const server = await ApiKeyServer.start({ env: SECRETS })
    const job = await createdJob(await server.post(ANN, { ...ECHO, webhook: { url: receiver.url } }))
    await receiver.count(1)
    expect(await deliveriesOf(server, ANN, job.id)).toMatchObject([{ status: 'refused', attempts: [{ status: 410 }] }])
  })
})

describe('WEBHOOK_URL', () => {
  it('gets the news of every job, and no caller sees it', async () => {
    const receiver = await WebhookReceiver.start()
    const log = new LogLines('debug')
    const url = `${receiver.url}?token=t0ken`
    const env = { WEBHOOK_SECRET, WEBHOOK_URL: url, METRICS_KEY }
    const server = await ApiKeyServer.start({ env, logger: log.logger })
    const jobs = [await server.finishedJob(ANN), await server.finishedJob(BOB)]
    const told = (await receiver.count(2)).map(({ message }) => message.data.id)
    expect(told.sort()).toEqual(jobs.map(({ id }) => id).sort())
    expect(receiver.received[0]?.request.url).toBe('/hook?token=t0ken')
    const [{ id = '' } = {}] = jobs
    expect(await deliveriesOf(server, ANN, id)).toMatchObject([{ to: 'server', status: 'delivered' }])
    const paths = [`/jobs/${id}`, '/jobs', `/jobs/${id}/deliveries`, `/jobs/${id}/stream`]
    const shown = await Promise.all(paths.map(async (path) => await (await server.call(ANN, path)).text()))
    const metrics = await (await server.call(METRICS_KEY, '/metrics')).text()
    expect(shown.join() + log.text).not.toMatch(/t0ken|whsec|\/hook/)
    expect(shown[0]).not.toMatch(/notifyAt|deliveries/)
    expect(metrics).toContain('promptlab_webhook_attempts_total{outcome="delivered"} 2')
  })

  it('and the webhook of a job each get their own delivery', async () => {
    const [own, all] = [await WebhookReceiver.start(), await WebhookReceiver.start()]
    all.answer = answerWith(500)
    const server = await ApiKeyServer.start({ env: { ...SECRETS, WEBHOOK_URL: all.url } })
    const job = await createdJob(await server.post(ANN, { ...ECHO, webhook: { url: own.url } }))
    await Promise.all([own.count(1), all.count(1)])
    expect(own.received[0]?.id).not.toBe(all.received[0]?.id)
    expect(await deliveriesOf(server, ANN, job.id)).toMatchObject([
      { to: 'job', status: 'delivered' },
      { to: 'server', status: 'waiting', nextAttemptAt: expect.any(String) },
    ])
    all.answer = answerWith(204)
    await all.count(2)
    expect(new Set(all.received.map(({ id }) => id)).size).toBe(1)
    expect(own.received).toHaveLength(1)
  }, 20_000)
})

describe('X-Promptlab-Webhook', () => {
  const messages = [{ role: 'user', content: 'Once upon a time' }]
  const DOORS = [
    ['responses', { model: 'echo', input: 'Once upon a time' }],
    ['chat/completions', { model: 'echo', messages }],
    ['messages', { model: 'echo', max_tokens: 100, messages }],
  ] as const

  const post = (server: ApiKeyServer, path: string, body: object, webhook: string) =>
    server.call(ANN, `/v1/${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-promptlab-webhook': webhook },
      body: JSON.stringify(body),
    })

  it.each(DOORS)('names the receiver of a job at the door %s', async (path, body) => {
    const receiver = await WebhookReceiver.start()
    const server = await ApiKeyServer.start({ env: SECRETS })
    const response = await post(server, path, body, receiver.url)
    expect(response.status).toBe(200)
    const [news] = await receiver.count(1)
    expect(news?.message.data.id).toBe(response.headers.get('x-promptlab-job'))
  })

  it.each(DOORS)('is refused at the door %s in its words', async (path, body) => {
    const server = await ApiKeyServer.start({ env: SECRETS })
    for (const webhook of ['https://example.com/', 'https://127.0.0.1/, https://127.0.0.1/', 'x']) {
      const response = await post(server, path, body, webhook)
      expect(response.status).toBe(400)
      expect(await response.text()).toContain('x-promptlab-webhook')
    }
  })

  it('is refused for a response that is not stored, and the operator is told of none', async () => {
    const receiver = await WebhookReceiver.start()
    const server = await ApiKeyServer.start({ env: { ...SECRETS, WEBHOOK_URL: receiver.url } })
    const [[path, body]] = DOORS
    const refused = await post(server, path, { ...body, store: false }, receiver.url)
    expect(refused.status).toBe(400)
    expect(await refused.text()).toContain('not stored')
    const hidden = await server.call(ANN, `/v1/${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ ...body, store: false }),
    })
    expect(hidden.status).toBe(200)
    const { id } = await server.finishedJob(ANN)
    expect((await receiver.count(1)).map(({ message }) => message.data.id)).toEqual([id])
  })
})
