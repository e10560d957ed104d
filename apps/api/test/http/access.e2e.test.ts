import { JobPage, JobResource } from '@promptlab/contract'
import { describe, expect, it } from 'vitest'
import { ANN, ApiKeyServer, BOB, ECHO } from '../support/api-key-server.ts'
import { createJob, problemOf, readStream } from '../support/job-client.ts'
import { ScriptedProvider } from '../support/scripted-provider.ts'
import { newStorePath, startServer } from '../support/test-server.ts'

/** Every route that needs a key. ID stands for a job of ann's. */
const GUARDED = [
  ['POST', '/jobs'],
  ['GET', '/jobs'],
  ['HEAD', '/jobs'],
  ['GET', '/jobs/ID'],
  ['HEAD', '/jobs/ID'],
  ['GET', '/jobs/ID/stream'],
  ['GET', '/jobs/ID/conversation'],
  ['POST', '/jobs/ID/rerun'],
  ['POST', '/jobs/ID/fork'],
  ['GET', '/jobs/ID/deliveries'],
  ['POST', '/jobs/ID/cancel'],
  ['DELETE', '/jobs/ID'],
  ['GET', '/providers'],
  ['HEAD', '/providers'],
  ['GET', '/usage'],
  ['HEAD', '/usage'],
] as const

const OPEN = ['GET', 'HEAD'].flatMap((method) => ['/health/live', '/health/ready'].map((path) => `${method} ${path}`))

/** Documents that are the same on every server. */
const DOCUMENT = /^(?:GET|HEAD) \/(?:docs\b|openapi\.json$)/

describe('a server with API keys', () => {
  const wrongKeys = [
    undefined,
    '',
    `Bearer ${ANN}x`,
    `Bearer ${ANN.slice(0, -1)}`,
    `Bearer ${ANN} ${BOB}`,
    `Basic ${btoa(`ann:${ANN}`)}`,
    ANN,
    'Bearer',
    'Bearer ann',
  ]

  it.each(GUARDED)('refuses %s %s without a valid key, and says how to send one', async (method, path) => {
    const server = await ApiKeyServer.start()
    const { id } = await server.finishedJob(ANN)
    for (const authorization of wrongKeys) {
      const headers = authorization === undefined ? {} : { authorization }
      const response = await server.call(undefined, path.replace('ID', id), { method, headers })
      expect(response.status).toBe(401)
      expect(response.headers.get('www-authenticate')).toBe('Bearer')
      if (method === 'HEAD') continue
      expect(await problemOf(response)).toMatchObject({ code: 'unauthorized', detail: /authorization: Bearer KEY/ })
    }
    expect(await server.idsOf(ANN)).toEqual([id])
  })

  it('refuses a key in the URL', async () => {
    const server = await ApiKeyServer.start()
    const { id } = await server.finishedJob(ANN)
    for (const name of ['key', 'api_key', 'access_token', 'authorization', 'signature']) {
      for (const path of ['/jobs', `/jobs/${id}`, `/jobs/${id}/stream`]) {
        expect((await server.call(undefined, `${path}?${name}=${ANN}`)).status).toBe(401)
      }
    }
  })

  it('requires a key on every route except health and documents, also on routes that are added later', async () => {
    const server = await ApiKeyServer.start()
    expect(server.routes).toEqual(expect.arrayContaining(['POST /jobs', 'GET /jobs/:id/stream']))
    const open: string[] = []
    for (const route of server.routes) {
      const [method = '', path = ''] = route.split(' ')
      const { status } = await server.call(undefined, path, { method })
      if (status !== 401) open.push(route)
    }
    expect(open.filter((route) => !OPEN.includes(route) && !DOCUMENT.test(route))).toEqual([])
    expect((await server.call(undefined, '/elsewhere')).status).toBe(404)
  })
})

describe('a caller', () => {
  it('gets the same 404 for the job of another caller as for an unknown job', async () => {
    const server = await ApiKeyServer.start()
    const { id } = await server.finishedJob(ANN)
    const attempts = [
      ['GET', `/jobs/${id}`],
      ['GET', `/jobs/${id}/stream`],
      ['GET', `/jobs/${id}/conversation`],
      ['POST', `/jobs/${id}/cancel`],
      ['DELETE', `/jobs/${id}`],
    ] as const
    for (const [method, path] of attempts) {
      const response = await server.call(BOB, path, { method })
      const unknown = await server.call(BOB, path.replace(id, 'unknown'), { method })
      const [problem, expected] = [await problemOf(response), await problemOf(unknown)]
      expect(problem).toMatchObject({ status: 404, code: 'job-not-found', detail: expected.detail })
    }
    expect(await server.idsOf(BOB)).toEqual([])
    expect(await server.idsOf(ANN)).toEqual([id])
    expect((await server.call(ANN, `/jobs/${id}`)).status).toBe(200)
    expect((await server.call(ANN, `/jobs/${id}`, { method: 'DELETE' })).status).toBe(204)
  })

  it('cannot cancel the running job of another caller', async () => {
    const gate = Promise.withResolvers<void>()
    const server = await ApiKeyServer.start({ providers: [new ScriptedProvider([gate.promise, 'done'])] })
    const response = await server.post(ANN, { prompt: 'Go', provider: 'scripted', model: 'script-1' })
    const { links } = JobResource.parse(await response.json())
    expect((await server.call(BOB, links.cancel, { method: 'POST' })).status).toBe(404)
    gate.resolve()
    expect((await server.call(ANN, links.stream)).status).toBe(200)
  })

  it('lists only its own jobs, also with the list cursor of another caller', async () => {
    const server = await ApiKeyServer.start()
    const ids: string[] = []
    for (const key of [ANN, BOB, ANN, BOB, ANN]) ids.push((await server.finishedJob(key)).id)
    const page = async (key: string, query: string) =>
      JobPage.parse(await (await server.call(key, `/jobs?limit=1${query}`)).json())
    const first = await page(ANN, '')
    expect(first.data.map(({ id }) => id)).toEqual([ids[4]])
    const second = await page(BOB, `&cursor=${first.nextCursor}`)
    expect(second.data.map(({ id }) => id)).toEqual([ids[3]])
  })

  it('searches only its own jobs, and finds them by its own metadata only', async () => {
    const server = await ApiKeyServer.start()
    const asked = { ...ECHO, prompt: 'pangolin', metadata: { run: '7' } }
    const ids: string[] = []
    for (const key of [ANN, BOB]) ids.push(JobResource.parse(await (await server.post(key, asked)).json()).id)
    for (const query of ['search=pangolin', 'metadata.run=7', 'search=pangolin&metadata.run=7']) {
      const found = JobPage.parse(await (await server.call(BOB, `/jobs?${query}`)).json())
      expect(found.data.map(({ id }) => id)).toEqual([ids[1]])
    }
  })

  it('has idempotency keys of its own', async () => {
    const server = await ApiKeyServer.start()
    const post = async (key: string, name: string) => {
      const response = await server.post(key, ECHO, { 'idempotency-key': name })
      return [response.headers.get('idempotency-replayed'), JobResource.parse(await response.json()).id] as const
    }
    const [, first] = await post(ANN, 'order')
    const [bobReplayed, bobs] = await post(BOB, 'order')
    expect(bobReplayed).toBeNull()
    expect(bobs).not.toBe(first)
    expect(await post(ANN, 'order')).toEqual(['true', first])
  })

  it('may have two keys, and no answer shows the name of a caller', async () => {
    const server = await ApiKeyServer.start({ env: { API_KEYS: `ann:${ANN},ann:${BOB}` } })
    const { id } = await server.finishedJob(ANN)
    const response = await server.call(BOB, `/jobs/${id}`)
    expect(response.status).toBe(200)
    expect(await response.text()).not.toMatch(/owner|ann/)
    expect(await (await server.call(BOB, '/jobs')).text()).not.toMatch(/owner|ann/)
  })
})

describe('jobs that were created without API keys', () => {
  it('are hidden while the server has API keys, and listed again with AUTH=off', async () => {
    const DATABASE_URL = await newStorePath()
    const open = await startServer({ env: { DATABASE_URL } })
    const early = await createJob(open.url, ECHO)
    await readStream(open.url, early.id)
    await open.app.close()

    const closed = await ApiKeyServer.start({ env: { DATABASE_URL } })
    expect(await closed.idsOf(ANN)).toEqual([])
    expect((await closed.call(ANN, `/jobs/${early.id}`)).status).toBe(404)
    const later = await closed.finishedJob(ANN)
    await closed.app.close()

    const reopened = await ApiKeyServer.start({ env: { DATABASE_URL, AUTH: 'off' } })
    const page = await reopened.call(undefined, '/jobs')
    expect(JobPage.parse(await page.json()).data.map(({ id }) => id)).toEqual([later.id, early.id])
  })
})

describe('a stream link', () => {
  const linkOf = async (server: ApiKeyServer, key = ANN) => {
    const { id } = await server.finishedJob(key)
    const job = JobResource.parse(await (await server.call(key, `/jobs/${id}`)).json())
    return { id, links: job.links }
  }

  it('reads and resumes the stream of its job without a key', async () => {
    const server = await ApiKeyServer.start()
    const { links } = await linkOf(server)
    const stream = await server.call(undefined, links.stream)
    expect(stream.status).toBe(200)
    expect(await stream.text()).toContain('"Once"')
    expect(await (await server.call(undefined, `${links.stream}&after=9`)).text()).not.toContain('"Once"')
  })

  it('is part of every answer that shows a job', async () => {
    const server = await ApiKeyServer.start()
    const { id, links } = await linkOf(server)
    expect(links).toMatchObject({ self: `/jobs/${id}`, cancel: `/jobs/${id}/cancel` })
    const { data } = JobPage.parse(await (await server.call(ANN, '/jobs')).json())
    const cancelled = JobResource.parse(await (await server.call(ANN, links.cancel, { method: 'POST' })).json())
    for (const job of [data[0], cancelled]) {
      expect((await server.call(undefined, job?.links.stream ?? '')).status).toBe(200)
    }
  })

  it('is refused on every other route and job', async () => {
    const server = await ApiKeyServer.start()
    const { id, links } = await linkOf(server)
    const query = links.stream.slice(links.stream.indexOf('?'))
    const other = await linkOf(server)
    for (const [method, path] of [
      ['GET', `/jobs/${other.id}/stream`],
      ['GET', `/jobs/${id}`],
      ['GET', '/jobs'],
      ['POST', `/jobs/${id}/cancel`],
      ['DELETE', `/jobs/${id}`],
    ] as const) {
      expect((await server.call(undefined, path + query, { method })).status).toBe(401)
    }
  })

  it('is refused after any change to it', async () => {
    const server = await ApiKeyServer.start()
    const { id, links } = await linkOf(server)
    const { expires, signature } = Object.fromEntries(new URL(links.stream, server.url).searchParams)
    const later = Number(expires) + 1
    for (const query of [
      '',
      `expires=${expires}`,
      `signature=${signature}`,
      `expires=${later}&signature=${signature}`,
      `expires=0${expires}&signature=${signature}`,
      `expires=${expires}&signature=${signature?.toLowerCase()}`,
      `expires=${expires}&signature=${'A'.repeat(43)}`,
      `expires=${expires}&signature=${signature}&signature=${signature}`,
      `expires=${expires}&signature=`,
      `expires=1e10&signature=${signature}`,
    ]) {
      const response = await server.call(undefined, `/jobs/${id}/stream?${query}`)
      expect(await problemOf(response)).toMatchObject({ status: 401, code: 'unauthorized', detail: /stream link/ })
    }
  })

  it('is refused once it has expired, and on a server with another secret', async () => {
    let now = Date.parse('2026-01-02T03:04:05Z')
    const clock = { now: () => now, elapsed: () => performance.now() }
    const server = await ApiKeyServer.start({ clock, env: { STREAM_LINK_SECONDS: '60' } })
    const { links } = await linkOf(server)
    now += 59_999
    expect((await server.call(undefined, links.stream)).status).toBe(200)
    now += 1
    expect((await server.call(undefined, links.stream)).status).toBe(401)
    const other = await ApiKeyServer.start()
    expect((await other.call(undefined, links.stream)).status).toBe(401)
  })

  it('is accepted by every server with the same secret, also after a restart', async () => {
    const env = { STREAM_LINK_SECRET: 'x'.repeat(32), DATABASE_URL: await newStorePath() }
    const first = await ApiKeyServer.start({ env })
    const { links } = await linkOf(first)
    await first.app.close()
    const second = await ApiKeyServer.start({ env })
    expect((await second.call(undefined, links.stream)).status).toBe(200)
  })

  it('does not help a request that sends a wrong key or the key of another caller', async () => {
    const server = await ApiKeyServer.start()
    const { links } = await linkOf(server)
    expect((await server.call('wrong-key-0123456789', links.stream)).status).toBe(401)
    expect((await server.call(BOB, links.stream)).status).toBe(404)
  })

  it('is a path without a signature when the server has no API keys', async () => {
    const { url } = await startServer()
    const response = await fetch(`${url}/jobs/${(await createJob(url, ECHO)).id}`)
    const { id, links } = JobResource.parse(await response.json())
    expect(links.stream).toBe(`/jobs/${id}/stream`)
  })
})
