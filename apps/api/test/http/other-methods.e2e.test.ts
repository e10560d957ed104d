import { mkdir, writeFile } from 'node:fs/promises'
import { METHODS } from 'node:http'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { ANN, ApiKeyServer } from '../support/api-key-server.ts'
import { problemOf } from '../support/job-client.ts'
import { LogLines } from '../support/log-lines.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { startServer } from '../support/test-server.ts'

/** Every path of the API, with the methods that it takes. */
const PATHS = {
  '/jobs': 'GET, HEAD, POST',
  '/jobs/': 'GET, HEAD, POST',
  '/jobs/some-id': 'DELETE, GET, HEAD',
  '/jobs/some-id/stream': 'GET',
  '/jobs/some-id/cancel': 'POST',
  '/events': 'GET',
  '/events/': 'GET',
  '/providers': 'GET, HEAD',
  '/metrics': 'GET, HEAD',
  '/health/live': 'GET, HEAD',
  '/health/ready': 'GET, HEAD',
  '/openapi.json': 'GET, HEAD',
  '/docs': 'GET, HEAD',
  '/docs/static/index.css': 'GET, HEAD',
}

/** Without CONNECT, which asks for a tunnel: Node.js refuses it before there is a request. */
const ALL_METHODS = METHODS.filter((method) => method !== 'CONNECT')

describe('a method that a path does not take', () => {
  it('is answered with 405 and the methods that it takes, whichever path and method', async () => {
    const { app } = await startServer()
    for (const [path, allowed] of Object.entries(PATHS)) {
      for (const method of ALL_METHODS.filter((each) => !allowed.split(', ').includes(each))) {
        const response = await app.inject({ method: method as 'PUT', url: path })
        const at = `${method} ${path}`
        expect([at, response.statusCode, response.headers.allow]).toEqual([at, 405, allowed])
        expect(response.headers['content-type']).toBe('application/problem+json; charset=utf-8')
      }
    }
  })

  it('is explained', async () => {
    const { url } = await startServer()
    const response = await fetch(`${url}/jobs/some-id?secret=1`, { method: 'PUT' })
    expect(await problemOf(response)).toMatchObject({
      status: 405,
      code: 'method-not-allowed',
      title: 'The method is not allowed here',
      detail: 'PUT is not possible at /jobs/some-id. It takes DELETE, GET, HEAD.',
      instance: '/jobs/some-id',
    })
  })

  it.each([
    ['text/plain', 'x'],
    ['application/json', '{'],
    ['application/json', JSON.stringify('x'.repeat(5_000_000))],
  ])('is refused before its body is read (%s)', async (type, body) => {
    const { url } = await startServer({ env: { MAX_PROMPT_CHARS: '1' } })
    const response = await fetch(`${url}/jobs`, { method: 'PUT', headers: { 'content-type': type }, body })
    expect(response.status).toBe(405)
  })

  it('needs the key that the path needs', async () => {
    const server = await ApiKeyServer.start({ env: { METRICS_KEY: 'key-of-metrics-01234' } })
    const put = async (path: string, key?: string) => {
      const { status, headers } = await server.call(key, path, { method: 'PUT' })
      return [status, headers.get('allow')]
    }
    for (const path of ['/jobs', '/jobs/x', '/jobs/x/stream', '/events', '/jobs/x/cancel', '/providers', '/metrics'])
      expect([path, ...(await put(path))]).toEqual([path, 401, null])
    expect(await put('/jobs/x', ANN)).toEqual([405, 'DELETE, GET, HEAD'])
    expect(await put('/metrics', ANN)).toEqual([401, null])
    expect(await put('/metrics', 'key-of-metrics-01234')).toEqual([405, 'GET, HEAD'])
    for (const path of ['/health/live', '/openapi.json', '/docs']) expect(await put(path)).toEqual([405, 'GET, HEAD'])
    expect(await put('/nothing')).toEqual([404, null])
  })

  it('counts against the rate limit of the caller', async () => {
    const server = await ApiKeyServer.start({ env: { RATE_LIMIT_PER_MINUTE: '1' } })
    expect((await server.call(ANN, '/jobs', { method: 'PUT' })).status).toBe(405)
    expect((await server.call(ANN, '/jobs', { method: 'PUT' })).status).toBe(429)
    expect((await server.call(ANN, '/jobs')).status).toBe(429)
    expect((await server.call(undefined, '/health/live', { method: 'PUT' })).status).toBe(405)
  })

  it('has its line in the log', async () => {
    const log = new LogLines('info')
    const server = await ApiKeyServer.start({ logger: log.logger })
    await server.call(ANN, '/jobs/some-id', { method: 'PATCH' })
    await server.app.close()
    expect(log.with('request')).toMatchObject([
      { method: 'PATCH', path: '/jobs/some-id', status: 405, caller: 'ann', jobId: 'some-id' },
    ])
  })

  it('is refused for the files of the playground too', async () => {
    const playgroundFolder = await temporaryFolder()
    await mkdir(join(playgroundFolder, 'assets'))
    await writeFile(join(playgroundFolder, 'index.html'), '<!doctype html><title>Page</title>')
    await writeFile(join(playgroundFolder, 'assets/main-1a2b.js'), 'start()')
    const { url } = await startServer({ config: { playgroundFolder } })
    for (const path of ['/', '/index.html', '/assets/main-1a2b.js']) {
      const response = await fetch(url + path, { method: 'POST' })
      expect([response.status, response.headers.get('allow')]).toEqual([405, 'GET, HEAD'])
    }
  })
})

describe('an unknown path', () => {
  it.each([{}, { CORS_ORIGINS: 'https://app.example' }])(
    'is answered with 404, whatever the method, with %j',
    async (env) => {
      const { app } = await startServer({ env: { ...env } })
      const isPreflight = (method: string) => 'CORS_ORIGINS' in env && method === 'OPTIONS'
      // Not QUERY: Fastify refuses one without a content type before it looks for a path.
      for (const url of ['/', '/nothing', '/jobs/x/y', '/jobs/x/stream/y', '/provider', '/job']) {
        for (const method of ALL_METHODS.filter((each) => !isPreflight(each) && each !== 'QUERY')) {
          const { statusCode, headers } = await app.inject({ method: method as 'PUT', url })
          expect([method, url, statusCode, headers.allow]).toEqual([method, url, 404, undefined])
        }
      }
    },
  )
})

describe('OPTIONS with CORS_ORIGINS', () => {
  it.each(['/jobs', '/jobs/x/cancel', '/nothing'])('is answered as a preflight at %s', async (path) => {
    const { url } = await startServer({ env: { CORS_ORIGINS: 'https://app.example' } })
    const response = await fetch(url + path, { method: 'OPTIONS', headers: { origin: 'https://app.example' } })
    expect(response.status).toBe(204)
    expect(response.headers.get('access-control-allow-methods')).toBe('GET, POST, DELETE')
  })
})
