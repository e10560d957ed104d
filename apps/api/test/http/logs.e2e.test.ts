import { JobResource } from '@promptlab/contract'
import { startOpenAIVendor } from '@promptlab/providers/testing/vendors'
import { describe, expect, it, onTestFinished } from 'vitest'
import { ANN, ApiKeyServer, ECHO } from '../support/api-key-server.ts'
import { LogLines } from '../support/log-lines.ts'
import { OPENAI, PATIENT } from '../support/vendor-server.ts'

const VENDOR_KEY = 'sk-VENDORSECRET0123456789'
const LINK_SECRET = 'LINKSECRET'.repeat(4)
const WRONG_KEY = 'WRONGKEYSECRET0123456789'

describe('the log', () => {
  it('has no key, signature, prompt or result at level info, whatever happens to a job', async () => {
    const vendor = await startOpenAIVendor()
    onTestFinished(() => vendor.close())
    const log = new LogLines('info')
    const server = await ApiKeyServer.start({
      env: { OPENAI_API_KEY: VENDOR_KEY, OPENAI_BASE_URL: vendor.url, STREAM_LINK_SECRET: LINK_SECRET },
      config: { run: PATIENT },
      logger: log.logger,
    })
    const body = { ...OPENAI, prompt: 'PROMPTSECRET', options: { system: 'SYSTEMSECRET' } }
    const create = async () =>
      JobResource.parse(await (await server.post(ANN, body, { 'idempotency-key': 'KEYSECRET' })).json())

    const { links } = await create()
    const exchange = await vendor.nextRequest()
    exchange.sendToken('RESULTSECRET')
    exchange.finish()
    expect(await (await server.call(undefined, links.stream)).text()).toContain('RESULTSECRET')
    await create()
    expect((await server.post(ANN, { ...body, prompt: 'Another' }, { 'idempotency-key': 'KEYSECRET' })).status).toBe(
      422,
    )

    const refused = JobResource.parse(await (await server.post(ANN, body)).json())
    const words = 'Cannot answer PROMPTSECRET with SYSTEMSECRET'
    ;(await vendor.nextRequest()).fail(400, { message: words })
    const failure = await (await server.call(undefined, refused.links.stream)).text()
    expect(failure).toContain('provider-rejected')
    expect(failure).not.toContain('PROMPTSECRET')

    for (const path of ['/jobs', `/jobs?key=${WRONG_KEY}`, links.stream.replace('signature=', 'signature=x')]) {
      expect((await server.call(WRONG_KEY, path)).status).toBe(401)
    }
    expect((await server.post(ANN, { ...body, unknown: 'PROMPTSECRET' })).status).toBe(400)
    await server.call(ANN, links.self)
    await server.call(ANN, links.self, { method: 'DELETE' })
    await server.app.close()

    const signature = new URL(links.stream, server.url).searchParams.get('signature') ?? ''
    for (const secret of ['SECRET', ANN, signature]) expect(log.text).not.toContain(secret)
    expect(log.with('job ended')).toHaveLength(2)
    expect(log.with('job failed')).toMatchObject([{ jobId: refused.id, code: 'provider-rejected', status: 400 }])
  })

  it('has the address of the vendor and its words, unless these quote the job or its conversation', async () => {
    const vendor = await startOpenAIVendor()
    onTestFinished(() => vendor.close())
    const log = new LogLines('info')
    const env = { OPENAI_API_KEY: VENDOR_KEY, OPENAI_BASE_URL: vendor.url }
    const server = await ApiKeyServer.start({ env, config: { run: PATIENT }, logger: log.logger })
    const failWith = async (body: object, message: string) => {
      const job = JobResource.parse(await (await server.post(ANN, body)).json())
      ;(await vendor.nextRequest()).fail(404, { message })
      await (await server.call(undefined, job.links.stream)).text()
      return job
    }
    const body = { ...OPENAI, prompt: 'Tell me of the sea and its CONVERSATIONSECRET' }
    const first = await failWith(body, `The model does not exist, says ${VENDOR_KEY}`)
    const address = `${vendor.url}/chat/completions`
    const unavailable = { code: 'model-unavailable', status: 404, address }
    await failWith({ ...OPENAI, prompt: 'And then?', previousJobId: first.id }, 'Cannot answer CONVERSATIONSECRET')
    const tools = [{ name: 'look', description: 'Looks for the TOOLSECRET' }]
    await failWith({ ...OPENAI, prompt: 'Look', options: { tools } }, 'Bad tool: Looks for the TOOLSECRET')
    for (const end of ['data: {"choices":[{"delta":{"content":"RESULTSECRET\n\n', undefined]) {
      const { links } = JobResource.parse(await (await server.post(ANN, body)).json())
      const exchange = await vendor.nextRequest()
      exchange.sendToken('The answer is RESULTSECRET')
      if (end === undefined) exchange.sendFailure('Stopped at: answer is RESULTSECRET')
      else exchange.sendRaw(end)
      await (await server.call(undefined, links.stream)).text()
    }
    expect(log.with('job failed')).toMatchObject([
      { ...unavailable, vendorWords: 'The model does not exist, says [redacted]' },
      unavailable,
      unavailable,
      { code: 'provider-malformed' },
      { code: 'provider-unavailable' },
    ])
    expect(log.text).not.toContain('SECRET')
  })

  it('redacts prompts, results and keys that are logged by mistake', () => {
    const log = new LogLines()
    const job = { prompt: 'PROMPTSECRET', result: 'RESULTSECRET', id: '1' }
    log.logger.info({ ...job, job, request: { headers: { authorization: 'KEYSECRET' } } }, 'mistake')
    expect(log.text).not.toContain('SECRET')
    expect(log.with('mistake')).toMatchObject([{ job: { id: '1', prompt: '[redacted]' } }])
  })

  it('has a line for each request, with the ids of the request and the job, and the caller', async () => {
    const log = new LogLines()
    const server = await ApiKeyServer.start({ logger: log.logger })
    const created = await server.post(ANN, ECHO, { 'x-request-id': 'trace-1' })
    expect(created.headers.get('x-request-id')).toBe('trace-1')
    const { id, links } = JobResource.parse(await created.json())
    await (await server.call(ANN, `${links.self}/stream`)).text()
    await server.call(undefined, '/elsewhere?signature=1')
    await server.app.close()
    const [first, stream, unknown] = log.with('request')
    expect(first).toMatchObject({
      reqId: 'trace-1',
      method: 'POST',
      path: '/jobs',
      status: 202,
      caller: 'ann',
      jobId: id,
    })
    expect(stream).toMatchObject({ path: `/jobs/${id}/stream`, status: 200, caller: 'ann', jobId: id })
    expect(unknown).toMatchObject({ path: '/elsewhere', status: 404, address: '127.0.0.1' })
    expect(log.with('job ended')).toMatchObject([{ jobId: id, caller: 'ann' }])
  })

  it.each(['', 'x'.repeat(129), 'with space', '"quoted"', '{}', 'a;b'])(
    'replaces the invalid request id "%s" of a client',
    async (id) => {
      const server = await ApiKeyServer.start()
      const response = await server.call(ANN, '/jobs/unknown', { headers: { 'x-request-id': id } })
      const given = response.headers.get('x-request-id')
      expect(given).toMatch(/^[\da-f-]{36}$/)
      expect(await response.json()).toMatchObject({ requestId: given })
    },
  )
})

describe('response headers', () => {
  it('allow browsers to run only scripts of this server', async () => {
    const server = await ApiKeyServer.start({ env: { CORS_ORIGINS: 'https://app.example' } })
    const { headers } = await server.call(ANN, '/jobs')
    expect(headers.get('content-security-policy')).toMatch(/default-src 'self';.*object-src 'none'/)
    expect(headers.get('content-security-policy')).not.toContain('unsafe')
    expect(headers.get('x-content-type-options')).toBe('nosniff')
    expect(headers.get('strict-transport-security')).toBeNull()
  })

  it('let pages of configured origins read the headers that clients use, also of refusals', async () => {
    const server = await ApiKeyServer.start({ env: { CORS_ORIGINS: 'https://app.example' } })
    const origin = 'https://app.example'
    const preflight = await server.call(undefined, '/jobs', {
      method: 'OPTIONS',
      headers: { origin, 'access-control-request-method': 'POST', 'access-control-request-headers': 'authorization' },
    })
    expect(preflight.status).toBe(204)
    expect(preflight.headers.get('access-control-allow-headers')).toBe('authorization')
    const refused = await server.call(undefined, '/jobs', { headers: { origin } })
    expect(refused.status).toBe(401)
    expect(refused.headers.get('access-control-allow-origin')).toBe(origin)
    for (const name of ['Location', 'Retry-After', 'RateLimit-Remaining', 'X-Request-Id']) {
      expect(refused.headers.get('access-control-expose-headers')).toContain(name)
    }
  })
})

describe('the address of a vendor', () => {
  it('cannot be set by a caller', async () => {
    const vendor = await startOpenAIVendor()
    onTestFinished(() => vendor.close())
    const env = { OPENAI_API_KEY: VENDOR_KEY, OPENAI_BASE_URL: vendor.url }
    const server = await ApiKeyServer.start({ env, config: { run: PATIENT } })
    for (const field of ['baseUrl', 'baseURL', 'base_url', 'url', 'host', 'apiKey', 'headers']) {
      for (const body of [
        { ...OPENAI, [field]: 'http://127.0.0.1:9' },
        { ...OPENAI, options: { [field]: 'http://127.0.0.1:9' } },
      ]) {
        expect((await server.post(ANN, body)).status).toBe(400)
      }
    }
    const headers = {
      host: 'elsewhere.example',
      'x-forwarded-host': 'elsewhere.example',
      'x-base-url': 'http://127.0.0.1:9',
    }
    const job = JobResource.parse(await (await server.post(ANN, OPENAI, headers)).json())
    const exchange = await vendor.nextRequest()
    exchange.finish()
    expect(JSON.stringify(job)).not.toContain('elsewhere')
    expect(vendor.requests).toBe(1)
  })
})
