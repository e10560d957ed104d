import { startGeminiVendor } from '@promptlab/providers/testing/vendors'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { createJob, getJob, jobOf, readStream } from '../support/job-client.ts'
import { ServerProcess } from '../support/server-process.ts'
import { spanTree } from '../support/span-tree.ts'
import { newStorePath } from '../support/test-server.ts'
import { postTo, startTraced, stop } from '../support/traced-server.ts'
import { OPENAI } from '../support/vendor-server.ts'

// Each test starts processes.
vi.setConfig({ testTimeout: 60_000 })

const ECHO = { prompt: 'Once upon a time', provider: 'echo', model: 'echo' }
const KEY = 'caller-KEYSECRET-0123456789'
const TRACE_ID = '0af7651916cd43dd8448eb211c80319c'
const CLIENT_SPAN = 'b7ad6b7169203331'

describe('the trace of a job', () => {
  it('has spans from the POST to the end of the provider call, without prompt, result and keys', async () => {
    const { server, collector, vendor } = await startTraced({
      API_KEYS: `ann:${KEY}`,
      OTEL_EXPORTER_OTLP_HEADERS: 'x-tenant=nine',
      OTEL_RESOURCE_ATTRIBUTES: 'deployment.environment.name=test',
    })
    const options = { system: 'SYSTEMSECRET', temperature: 0.5, maxTokens: 64 }
    const body = { ...OPENAI, prompt: 'PROMPTSECRET', options }
    const job = await jobOf(await postTo(server.url, body, { authorization: `Bearer ${KEY}` }))
    const exchange = await vendor.nextRequest()
    exchange.sendToken('RESULTSECRET')
    exchange.finish({ usage: { inputTokens: 11, outputTokens: 7 } })

    const [request, wait, run, chat] = await collector.spansNamed('POST /jobs', 'wait', 'run', 'chat gpt-4')
    expect(request).toMatchObject({ kind: 'server', hasFailed: false })
    expect(request?.attributes).toEqual({
      'http.request.method': 'POST',
      'http.route': '/jobs',
      'url.path': '/jobs',
      'url.scheme': 'http',
      'http.response.status_code': 202,
      'promptlab.job.id': job.id,
      'promptlab.caller': 'ann',
    })
    expect(wait).toMatchObject({ kind: 'internal', attributes: { 'promptlab.job.id': job.id } })
    expect(run).toMatchObject({ kind: 'internal', hasFailed: false })
    expect(run?.attributes).toEqual({
      'promptlab.job.id': job.id,
      'promptlab.caller': 'ann',
      'promptlab.job.status': 'completed',
      // The address is no vendor's, so there are no list prices.
      'promptlab.cost.priced': 'unknown',
    })
    expect(chat).toMatchObject({ kind: 'client', hasFailed: false })
    expect(chat?.attributes).toEqual({
      'gen_ai.operation.name': 'chat',
      'gen_ai.provider.name': 'openai',
      'gen_ai.request.model': 'gpt-4',
      'gen_ai.request.stream': true,
      'gen_ai.request.temperature': 0.5,
      'gen_ai.request.max_tokens': 64,
      'gen_ai.usage.input_tokens': 11,
      'gen_ai.usage.output_tokens': 7,
      'promptlab.cost.priced': 'unknown',
      'gen_ai.response.finish_reasons': ['stop'],
      'gen_ai.response.time_to_first_chunk': expect.closeTo(0, -1),
      'promptlab.job.id': job.id,
    })
    expect(chat?.resource).toMatchObject({ 'service.name': 'promptlab', 'deployment.environment.name': 'test' })
    expect(spanTree(collector.spans, undefined)).toEqual(['POST /jobs', '  run', '    chat gpt-4', '  wait'])
    expect(new Set(collector.spans.map(({ traceId }) => traceId))).toEqual(new Set([request?.traceId]))
    expect(wait?.startNs).toBeGreaterThanOrEqual(request?.startNs ?? 0n)
    expect(run?.startNs).toBeGreaterThanOrEqual(wait?.endNs ?? 0n)

    await stop(server)
    expect(collector.headers['x-tenant']).toBe('nine')
    expect(collector.received).not.toContain('SECRET')
    for (const message of ['"request"', '"job ended"']) {
      const line = server.output.split('\n').find((each) => each.includes(`"msg":${message}`))
      expect(line).toContain(`"traceId":"${request?.traceId}"`)
    }
  })

  it('continues the trace of the client with its sampling decision, and ignores an invalid one', async () => {
    const { server, collector } = await startTraced({ OTEL_SERVICE_NAME: 'prompts', ECHO_DELAY_MS: '0' })
    const createWith = async (traceparent: string) => (await jobOf(await postTo(server.url, ECHO, { traceparent }))).id
    const followed = await createWith(`00-${TRACE_ID}-${CLIENT_SPAN}-01`)
    const unsampled = await createWith(`00-${TRACE_ID}-${CLIENT_SPAN}-00`)
    const invalid = await createWith('00-PROMPTSECRET-1-01')
    for (const id of [followed, unsampled, invalid]) await readStream(server.url, id)
    await stop(server)
    const spansOf = (id: string) => collector.spans.filter(({ attributes }) => attributes['promptlab.job.id'] === id)

    expect(new Set(spansOf(followed).map(({ traceId }) => traceId))).toEqual(new Set([TRACE_ID]))
    expect(spanTree(spansOf(followed), CLIENT_SPAN)).toEqual(['POST /jobs', '  run', '    chat echo', '  wait'])
    expect(spansOf(unsampled)).toEqual([])
    expect(spanTree(spansOf(invalid), undefined)).toEqual(['POST /jobs', '  run', '    chat echo', '  wait'])
    expect(spansOf(invalid)[0]?.traceId).not.toBe(TRACE_ID)
    expect(collector.spans[0]?.resource['service.name']).toBe('prompts')
    expect(collector.received).not.toContain('SECRET')
  })

  it('has a span for each call of a provider that is called again, with its error', async () => {
    const { server, collector, vendor } = await startTraced()
    const again = await createJob(server.url, OPENAI)
    ;(await vendor.nextRequest()).fail(429)
    ;(await vendor.nextRequest()).finish()
    await readStream(server.url, again.id)
    const refused = await createJob(server.url, OPENAI)
    ;(await vendor.nextRequest()).fail(400, { message: 'Not PROMPTSECRET' })
    await readStream(server.url, refused.id)
    expect((await postTo(server.url, { ...ECHO, model: 'unknown' })).status).toBe(400)
    expect((await postTo(server.url, { ...ECHO, provider: 'gemini', model: 'gemini-pro' })).status).toBe(503)
    await stop(server)

    const outcomes = (name: string, id: string | undefined) =>
      collector.spans
        .filter((span) => span.name === name && span.attributes['promptlab.job.id'] === id)
        .map(({ hasFailed, attributes }) => [hasFailed, attributes['error.type']])
    expect(outcomes('chat gpt-4', again.id)).toEqual([
      [true, 'provider-rate-limited'],
      [false, undefined],
    ])
    // The vendor took no calls, so the job went back in line and ran again.
    expect(outcomes('run', again.id)).toEqual([
      [false, undefined],
      [false, undefined],
    ])
    expect(outcomes('chat gpt-4', refused.id)).toEqual([[true, 'provider-rejected']])
    expect(outcomes('run', refused.id)).toEqual([[true, 'provider-rejected']])
    // A span does not count as failed when the client made the mistake.
    expect(outcomes('POST /jobs', undefined)).toEqual([
      [false, undefined],
      [true, '503'],
    ])
    expect(collector.received).not.toContain('SECRET')
  })

  it('shows how long the job waited, and that it was cancelled', async () => {
    const { server, collector, vendor } = await startTraced({ MAX_CONCURRENT_JOBS: '1' })
    const first = await createJob(server.url, OPENAI)
    const exchange = await vendor.nextRequest()
    exchange.sendToken('Hi')
    const second = await createJob(server.url, ECHO)
    await fetch(`${server.url}/jobs/${first.id}/cancel`, { method: 'POST' })
    await readStream(server.url, second.id)
    const ended = await getJob(server.url, second.id)
    await stop(server)

    const wait = collector.spans.find(
      ({ name, attributes }) => name === 'wait' && attributes['promptlab.job.id'] === second.id,
    )
    expect(Number((wait?.endNs ?? 0n) - (wait?.startNs ?? 0n)) / 1e6).toBe('metrics' in ended && ended.metrics.queuedMs)
    const [run, chat] = await collector.spansNamed('run', 'chat gpt-4')
    expect(run).toMatchObject({ hasFailed: false, attributes: { 'promptlab.job.status': 'cancelled' } })
    expect(chat).toMatchObject({ hasFailed: false, attributes: { 'gen_ai.response.finish_reasons': ['error'] } })
    expect(chat?.attributes).not.toHaveProperty('error.type')
  })

  it('begins anew for a job that was pending during a crash', async () => {
    const DATABASE_URL = await newStorePath()
    const { server, collector, vendor } = await startTraced({ DATABASE_URL, MAX_CONCURRENT_JOBS: '1' })
    await createJob(server.url, OPENAI)
    await vendor.nextRequest()
    const waiting = await createJob(server.url, ECHO)
    await server.kill()
    const next = await ServerProcess.start({ DATABASE_URL, OTEL_EXPORTER_OTLP_ENDPOINT: collector.url })
    await readStream(next.url, waiting.id)
    await stop(next)
    const spans = collector.spans.filter(({ name }) => name !== 'POST /jobs')
    expect(spanTree(spans, undefined)).toEqual(['run', '  chat echo'])
  })

  it('names vendors as OpenTelemetry does, and is sampled as OTEL_TRACES_SAMPLER says', async () => {
    const gemini = await startGeminiVendor()
    onTestFinished(() => gemini.close())
    gemini.respondWith((exchange) => exchange.finish())
    const env = { GEMINI_API_KEY: 'key', GEMINI_BASE_URL: gemini.url, OTEL_TRACES_SAMPLER: 'traceidratio' }
    const body = { prompt: 'Hi', provider: 'gemini', model: 'gemini-pro' }
    for (const [ratio, spans] of [
      ['1', 4],
      ['0.0', 0],
    ] as const) {
      const { server, collector } = await startTraced({ ...env, OTEL_TRACES_SAMPLER_ARG: ratio })
      await readStream(server.url, (await createJob(server.url, body)).id)
      await stop(server)
      expect(collector.spans).toHaveLength(spans)
      for (const { name, attributes } of collector.spans) {
        if (name.startsWith('chat')) expect(attributes['gen_ai.provider.name']).toBe('gcp.gemini')
      }
    }
  })
})
