import { request as httpRequest } from 'node:http'
import { describe, expect, it } from 'vitest'
import { createJob, getJob } from '../support/job-client.ts'
import { ScriptedProvider } from '../support/scripted-provider.ts'
import { startServer } from '../support/test-server.ts'

const never = new Promise<void>(() => {})

interface Answer {
  readonly status: number
  readonly body: string
}

/** A call with headers that `fetch` does not let a program choose. */
function call(url: string, path: string, headers: Record<string, string>, method = 'GET'): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const request = httpRequest(new URL(path, url), { method, headers }, (response) => {
      let body = ''
      response.setEncoding('utf8').on('data', (text: string) => {
        body += text
      })
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body }))
    })
    request.on('error', reject).end()
  })
}

const startScripted = (env: Record<string, string> = {}) =>
  startServer({ env, providers: [new ScriptedProvider(['Once', never])] })
const SCRIPTED = { prompt: 'Go', provider: 'scripted', model: 'script-1' }

describe('a server without keys', () => {
  it.each([
    'evil.example',
    'evil.example:3000',
    'localhost.evil.example',
    '127.0.0.1.evil.example',
    '10.0.0.1',
    'x@localhost',
  ])('does not answer as %s', async (host) => {
    const { url } = await startServer()
    for (const path of ['/jobs', '/', '/providers', '/metrics', '/health/ready', '/no-such-route']) {
      const { status, body } = await call(url, path, { host })
      expect(status).toBe(421)
      expect(JSON.parse(body)).toMatchObject({
        code: 'untrusted-host',
        detail: expect.stringContaining('ALLOWED_HOSTS'),
      })
    }
    expect((await call(url, '/jobs', { host, 'content-type': 'application/json' }, 'POST')).status).toBe(421)
  })

  it.each(['localhost', 'LOCALHOST:3000', 'localhost.', '127.0.0.1:1', '127.5.6.7', '[::1]:3000'])(
    'answers as %s',
    async (host) => {
      const { url } = await startServer()
      expect((await call(url, '/jobs', { host })).status).toBe(200)
    },
  )

  it('answers by the names in ALLOWED_HOSTS, and by addresses if other machines may call', async () => {
    const { url } = await startServer({ env: { ALLOWED_HOSTS: 'Jobs.example, other.example:8080' } })
    for (const host of ['jobs.example', 'jobs.example:3000', 'other.example:8080']) {
      expect((await call(url, '/jobs', { host })).status).toBe(200)
    }
    expect((await call(url, '/jobs', { host: 'other.example' })).status).toBe(421)

    const open = await startServer({ env: { AUTH: 'off', HOST: '0.0.0.0' } })
    for (const host of ['10.0.0.1:3000', '[fe80::1]:3000', 'localhost']) {
      expect((await call(open.url, '/jobs', { host })).status).toBe(200)
    }
    expect((await call(open.url, '/jobs', { host: 'evil.example' })).status).toBe(421)
  })

  it.each([
    { origin: 'https://evil.example' },
    { origin: 'null' },
    { origin: 'http://localhost.evil.example' },
    { 'sec-fetch-site': 'cross-site' },
  ])('changes nothing for a page of another site (%o)', async (headers) => {
    const { url } = await startScripted()
    const { id } = await createJob(url, SCRIPTED)
    for (const [method, path] of [
      ['POST', `/jobs/${id}/cancel`],
      ['DELETE', `/jobs/${id}`],
      ['POST', '/jobs'],
    ] as const) {
      const { status, body } = await call(url, path, headers, method)
      expect(status).toBe(403)
      expect(JSON.parse(body)).toMatchObject({
        code: 'cross-site-request',
        detail: expect.stringContaining('CORS_ORIGINS'),
      })
    }
    expect((await getJob(url, id)).status).not.toBe('cancelled')
  })

  it('takes changes from its own page, from other programs of this machine, and from origins in CORS_ORIGINS', async () => {
    const { url } = await startScripted({ CORS_ORIGINS: 'https://app.example' })
    const { host, hostname } = new URL(url)
    for (const headers of [
      {},
      { origin: url, 'sec-fetch-site': 'same-origin' },
      { origin: `http://${hostname}:5173`, 'sec-fetch-site': 'same-site' },
      { origin: 'https://app.example', 'sec-fetch-site': 'cross-site' },
    ]) {
      const { id } = await createJob(url, SCRIPTED)
      expect((await call(url, `/jobs/${id}/cancel`, { host, ...headers }, 'POST')).status).toBe(200)
    }
  })
})

describe('a server with keys', () => {
  it('answers by any name, as a page of another site has no key', async () => {
    const { url } = await startServer({ env: { API_KEYS: 'ann:0123456789abcdef' } })
    const headers = { host: 'jobs.example', authorization: 'Bearer 0123456789abcdef' }
    expect((await call(url, '/jobs', headers)).status).toBe(200)
    expect((await call(url, '/jobs', { host: 'jobs.example' })).status).toBe(401)
  })
})
