import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { Job, Problem, ProviderInfo } from '@promptlab/contract'
import supertest from 'supertest'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { startServer } from '../support/test-server.ts'

const VALID = { prompt: 'Once upon a time', provider: 'echo', model: 'echo' }

async function request(...options: Parameters<typeof startServer>) {
  return supertest((await startServer(...options)).url)
}

function expectProblem(response: supertest.Response, status: number, code: string): Problem {
  expect(response.headers['content-type']).toBe('application/problem+json; charset=utf-8')
  const problem = Problem.parse(response.body)
  expect({ status: response.status, code: problem.code }).toEqual({ status, code })
  expect(problem.status).toBe(status)
  expect(problem.type).toBe(`urn:promptlab:problem:${code}`)
  return problem
}

describe('POST /jobs', () => {
  it('answers 202 with the pending job and its location', async () => {
    const server = await request()
    const body = { ...VALID, options: { system: 'Be brief.', temperature: 0.5, maxTokens: 100 } }
    const response = await server.post('/jobs').send(body)
    expect(response.status).toBe(202)
    const job = Job.parse(response.body)
    expect(job).toMatchObject({ ...body, status: 'pending' })
    expect(job.createdAt).toBe(job.updatedAt)
    expect(response.headers['location']).toBe(`/jobs/${job.id}`)
    expect((await server.get(response.headers['location'] ?? '')).body).toMatchObject({ ...body, id: job.id })
  })

  it('keeps the prompt as it is, white space included', async () => {
    const prompt = '  \n two  spaces 🙂 \u2028 '
    const response = await (await request()).post('/jobs').send({ ...VALID, prompt })
    expect(response.body).toMatchObject({ prompt })
  })

  it.each([
    ['no prompt', { provider: 'echo', model: 'echo' }, ['prompt']],
    ['an empty prompt', { ...VALID, prompt: '' }, ['prompt']],
    ['a blank prompt', { ...VALID, prompt: ' \n\t ' }, ['prompt']],
    ['a prompt that is not a string', { ...VALID, prompt: 7 }, ['prompt']],
    ['a prompt that is too long', { ...VALID, prompt: 'x'.repeat(1001) }, ['prompt']],
    ['no provider', { ...VALID, provider: undefined }, ['provider']],
    ['an empty provider', { ...VALID, provider: '' }, ['provider']],
    ['a provider that is not a string', { ...VALID, provider: null }, ['provider']],
    ['no model', { ...VALID, model: undefined }, ['model']],
    ['an empty model', { ...VALID, model: '' }, ['model']],
    ['options that are not an object', { ...VALID, options: 'hot' }, ['options']],
    ['an empty system instruction', { ...VALID, options: { system: '' } }, ['options.system']],
    ['a system instruction that is too long', { ...VALID, options: { system: 'x'.repeat(1001) } }, ['options.system']],
    ['a temperature too high', { ...VALID, options: { temperature: 2.1 } }, ['options.temperature']],
    ['a temperature below zero', { ...VALID, options: { temperature: -1 } }, ['options.temperature']],
    ['a temperature in words', { ...VALID, options: { temperature: 'hot' } }, ['options.temperature']],
    ['no tokens at all', { ...VALID, options: { maxTokens: 0 } }, ['options.maxTokens']],
    ['half a token', { ...VALID, options: { maxTokens: 1.5 } }, ['options.maxTokens']],
    ['an unknown field', { ...VALID, stream: true }, ['stream']],
    ['unknown options', { ...VALID, options: { top_p: 1, n: 2 } }, ['options.top_p', 'options.n']],
    ['an array', [VALID], ['body']],
    ['everything wrong', { prompt: '', model: 5, extra: 1 }, ['prompt', 'provider', 'model', 'extra']],
  ])('refuses a job with %s, and names the path of every fault', async (_, body, paths) => {
    const server = await request({ env: { MAX_PROMPT_CHARS: '1000' } })
    const problem = expectProblem(await server.post('/jobs').send(body), 400, 'invalid-request')
    expect(problem.errors?.map(({ path }) => path)).toEqual(paths)
    for (const path of paths) expect(problem.detail).toContain(path)
  })

  it.each(['nobody', '__proto__', 'constructor', 'Echo'])(
    'refuses the unknown provider %s and lists the known providers',
    async (provider) => {
      const problem = expectProblem(
        await (await request()).post('/jobs').send({ ...VALID, provider }),
        400,
        'unknown-provider',
      )
      expect(problem.detail).toContain('echo, openai, anthropic, gemini')
    },
  )

  it('refuses an unknown model and lists the supported models, also when the provider has no key', async () => {
    const server = await request({ env: { OPENAI_MODELS: 'llama3,qwen3' } })
    const response = await server.post('/jobs').send({ ...VALID, provider: 'openai', model: 'gpt-4' })
    expect(expectProblem(response, 400, 'unknown-model').detail).toContain('llama3, qwen3')
  })

  it.each([
    ['openai', 'gpt-4', 'OPENAI_API_KEY'],
    ['anthropic', 'claude-opus-5-5', 'ANTHROPIC_API_KEY'],
    ['gemini', 'gemini-pro', 'GEMINI_API_KEY'],
  ])('for %s and %s names the missing %s, and accepts jobs once it is set', async (provider, model, variable) => {
    const env: Record<string, string> = { [variable.replace('API_KEY', 'BASE_URL')]: 'http://127.0.0.1:9' }
    const server = await request({ env })
    const body = { prompt: 'Hello', provider, model }
    expect(expectProblem(await server.post('/jobs').send(body), 503, 'provider-key-missing').detail).toContain(variable)
    env[variable] = 'a-key'
    expect((await server.post('/jobs').send(body)).status).toBe(202)
  })

  it.each([
    ['malformed JSON', 'application/json', '{"prompt":', 400, 'invalid-request'],
    ['an empty body', 'application/json', '', 400, 'invalid-request'],
    ['text in another encoding', 'application/json', Buffer.from([0x22, 0xff, 0xfe, 0x22]), 400, 'invalid-request'],
    ['a poisoned prototype', 'application/json', '{"__proto__":{"admin":true}}', 400, 'invalid-request'],
    ['a form', 'application/x-www-form-urlencoded', 'prompt=Hello', 415, 'unsupported-media-type'],
    ['plain text', 'text/plain', JSON.stringify(VALID), 415, 'unsupported-media-type'],
    [
      'a body too large',
      'application/json',
      JSON.stringify({ prompt: 'x'.repeat(1_100_000) }),
      413,
      'payload-too-large',
    ],
  ])('refuses a request with %s', async (_, type, body, status, code) => {
    const server = await request({ env: { MAX_PROMPT_CHARS: '1000', MAX_BODY_MB: '1' } })
    expectProblem(await server.post('/jobs').set('content-type', type).send(body), status, code)
  })

  it('refuses a compressed body', async () => {
    const response = await (await request()).post('/jobs').set('content-encoding', 'gzip').send(VALID)
    expectProblem(response, 415, 'unsupported-media-type')
  })

  it('names no more than 50 of a thousand faults', async () => {
    const body = Object.fromEntries(Array.from({ length: 1000 }, (_, index) => [`x${index}`.padEnd(1000, 'x'), 1]))
    const response = await (await request()).post('/jobs').send({ ...VALID, ...body })
    expect(expectProblem(response, 400, 'invalid-request').errors).toHaveLength(50)
    expect(response.text.length).toBeLessThan(50_000)
  })

  it('refuses a request without any body', async () => {
    expectProblem(await (await request()).post('/jobs'), 400, 'invalid-request')
  })

  it('accepts the longest prompt also when JSON escapes every character', async () => {
    const server = await request({ env: { MAX_PROMPT_CHARS: '1000' } })
    const escaped = '\\ud83d\\ude42'.repeat(1000)
    const body = `{"prompt":"${escaped}","provider":"echo","model":"echo","options":{"system":"${escaped}"}}`
    const response = await server.post('/jobs').set('content-type', 'application/json').send(body)
    expect(response.status).toBe(202)
  })
})

describe('GET /jobs/:id', () => {
  it.each(['nothing', '00000000-0000-7000-8000-000000000000', '__proto__', '%F0%9F%99%82'])(
    'answers 404 for the unknown job %s',
    async (id) => {
      const server = await request()
      expectProblem(await server.get(`/jobs/${id}`), 404, 'job-not-found')
      expectProblem(await server.get(`/jobs/${id}/stream`), 404, 'job-not-found')
    },
  )
})

describe('GET /jobs/:id/stream', () => {
  it.each(['-1', '1.5', 'x', '', ' ', '1e3', 'END', '9'.repeat(16)])(
    'refuses the malformed cursor "%s"',
    async (cursor) => {
      const server = await request()
      const { id } = Job.parse((await server.post('/jobs').send(VALID)).body)
      const byQuery = await server.get(`/jobs/${id}/stream`).query({ after: cursor })
      expect(expectProblem(byQuery, 400, 'invalid-request').errors?.[0]?.path).toBe('after')
      if (cursor.trim() === '') return // HTTP cannot send such a header: it arrives as no value at all.
      const byHeader = await server.get(`/jobs/${id}/stream`).set('last-event-id', cursor)
      expect(expectProblem(byHeader, 400, 'invalid-request').errors?.[0]?.path).toBe('last-event-id')
    },
  )

  it('answers 204 to a client that has read the final event', async () => {
    const server = await request()
    const { id } = Job.parse((await server.post('/jobs').send(VALID)).body)
    expect((await server.get(`/jobs/${id}/stream`).set('last-event-id', 'end')).status).toBe(204)
    expect((await server.get(`/jobs/${id}/stream?after=end`)).status).toBe(204)
  })
})

describe('GET /providers', () => {
  it('lists every provider with its models and the variables that it lacks', async () => {
    const server = await request({ env: { OPENAI_API_KEY: 'sk-secret', GEMINI_MODELS: 'gemini-pro' } })
    const response = await server.get('/providers')
    const providers = z.array(ProviderInfo).parse(response.body)
    expect(providers.map(({ name, configured, missing }) => ({ name, configured, missing }))).toEqual([
      { name: 'echo', configured: true, missing: [] },
      { name: 'openai', configured: true, missing: [] },
      { name: 'anthropic', configured: false, missing: ['ANTHROPIC_API_KEY'] },
      { name: 'gemini', configured: false, missing: ['GEMINI_API_KEY'] },
    ])
    expect(providers[2]?.capabilities.responseFormats).toEqual(['text', 'json-schema'])
    expect(providers[3]?.models).toEqual(['gemini-pro'])
    expect(response.text).not.toContain('sk-secret')
  })
})

describe('GET /health', () => {
  it('is live and ready', async () => {
    const server = await request()
    expect((await server.get('/health/live')).body).toEqual({ status: 'live' })
    const ready = await server.get('/health/ready')
    expect(ready.status).toBe(200)
    expect(ready.body).toEqual({
      status: 'ready',
      dependencies: { storage: { ready: true }, queue: { ready: true } },
      workers: 1,
    })
  })
})

describe('an unknown route', () => {
  it.each([
    ['GET', '/'],
    ['GET', '/nothing?secret=1'],
    ['POST', '/jobs/x/y'],
    ['DELETE', '/provider'],
  ] as const)('%s %s gets a problem as its answer', async (method, path) => {
    const server = await request()
    const call = { GET: () => server.get(path), POST: () => server.post(path), DELETE: () => server.delete(path) }[
      method
    ]
    const problem = expectProblem(await call(), 404, 'route-not-found')
    expect(problem.instance).toBe(path.split('?')[0])
  })

  it.each(['/%', '/jobs/%E0%A4%A', `/jobs/${'x'.repeat(5000)}`])(
    'or malformed path %.20s gets a problem as its answer',
    async (path) => {
      const response = await (await request()).get(path)
      expect(response.status).toBeGreaterThanOrEqual(400)
      expect(response.status).toBeLessThan(500)
      Problem.parse(response.body)
    },
  )
})

describe('malformed HTTP', () => {
  it.each([
    ['an unknown method', 'FOO /jobs HTTP/1.1\r\nHost: x\r\n', 400],
    ['garbage', '\x16\x03\x01\x02', 400],
    ['too large a header', `GET / HTTP/1.1\r\nHost: x\r\nA: ${'x'.repeat(20_000)}\r\n`, 431],
  ])('with %s gets a problem as its answer', async (_, head, status) => {
    const { url } = await startServer()
    const socket = connect(Number(new URL(url).port), '127.0.0.1')
    socket.end(`${head}Connection: close\r\n\r\n`, 'latin1')
    const answer = await text(socket)
    expect(answer).toMatch(new RegExp(`^HTTP/1.1 ${status} [^]*content-type: application/problem\\+json`, 'i'))
    expect(Problem.parse(JSON.parse(answer.slice(answer.indexOf('{')))).status).toBe(status)
  })
})

describe('the time limits of Fastify', () => {
  it('are off for plugins and for closing, because recovery and shutdown may take long', async () => {
    expect((await startServer()).app.initialConfig.pluginTimeout).toBe(0)
  })
})

describe('CORS', () => {
  const ORIGIN = 'https://app.example'

  it('allows the origins of CORS_ORIGINS and no other', async () => {
    const server = await request({ env: { CORS_ORIGINS: `${ORIGIN},http://localhost:5173` } })
    const allowed = await server.get('/providers').set('origin', ORIGIN)
    expect(allowed.headers['access-control-allow-origin']).toBe(ORIGIN)
    const other = await server.get('/providers').set('origin', 'https://evil.example')
    expect(other.headers['access-control-allow-origin']).toBeUndefined()
  })

  it('answers the preflight of a JSON post', async () => {
    const server = await request({ env: { CORS_ORIGINS: ORIGIN } })
    const preflight = await server.options('/jobs').set({
      origin: ORIGIN,
      'access-control-request-method': 'POST',
      'access-control-request-headers': 'content-type',
    })
    expect(preflight.status).toBe(204)
    expect(preflight.headers).toMatchObject({
      'access-control-allow-origin': ORIGIN,
      'access-control-allow-headers': 'content-type',
      'access-control-max-age': '600',
    })
  })

  it('is on streams and problems too', async () => {
    const server = await request({ env: { CORS_ORIGINS: '*' } })
    const { id } = Job.parse((await server.post('/jobs').send(VALID)).body)
    for (const path of [`/jobs/${id}/stream`, '/nothing', '/jobs/unknown']) {
      const response = await server.get(path).set('origin', ORIGIN)
      expect(response.headers['access-control-allow-origin']).toBe('*')
    }
  })

  it('is off by default', async () => {
    const response = await (await request()).get('/providers').set('origin', ORIGIN)
    expect(response.headers['access-control-allow-origin']).toBeUndefined()
  })
})
