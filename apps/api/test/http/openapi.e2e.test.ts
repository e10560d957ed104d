import { execFile } from 'node:child_process'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import {
  createJobBody,
  FeedEvent,
  FullStreamEvent,
  JobError,
  JobMetrics,
  JobResource,
  Problem,
  ProblemCode,
  ProviderInfo,
  StreamEvent,
} from '@promptlab/contract'
import { ProviderError } from '@promptlab/providers'
import { startOpenAIVendor } from '@promptlab/providers/testing/vendors'
import { describe, expect, it, onTestFinished } from 'vitest'
import { z } from 'zod'
import { schemaFault } from '../../src/http/routes/schema-fault.ts'
import { STREAM_TYPES } from '../../src/http/streams/stream-format.ts'
import { ANN, ApiKeyServer, BOB, ECHO } from '../support/api-key-server.ts'
import { jsonFile } from '../support/json-file.ts'
import { OpenApiDocument } from '../support/openapi-document.ts'
import { ScriptedProvider } from '../support/scripted-provider.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { startServer } from '../support/test-server.ts'
import { OPENAI } from '../support/vendor-server.ts'

const run = promisify(execFile)
const SCRIPTED = { prompt: 'Go', provider: 'scripted', model: 'script-1' }
const never = new Promise<void>(() => {})

/** Routes of the doors that only refuse. */
const REFUSING = [
  'GET /v1/chat/completions',
  'POST /v1/chat/completions/:id',
  'GET /v1/chat/completions/:id/messages',
  'POST /v1/responses/compact',
  'POST /v1/responses/input_tokens',
]

/** Answers of a broken or stopping server, or to malformed HTTP. Other tests check them. */
const ELSEWHERE = / (?:403|408|421|431|500|503)$|^(?:listProviders|readMetrics|isLive|isReady|readBudget) 400$/

function json(body: unknown, headers: Record<string, string> = {}) {
  return { body: JSON.stringify(body), headers: { 'content-type': 'application/json', ...headers } }
}

/** The body that a route on a job requires. */
const bodyOf = (route: string) => (route.endsWith('/fork') ? json({ at: 0 }) : {})

type Call = (server: ApiKeyServer, key: string, route: string, init?: RequestInit) => Promise<unknown>

/** Asks for the text of jobs that fail or are cancelled before they have any. */
async function callForText(call: Call): Promise<void> {
  const asText = { accept: 'text/plain', 'idempotency-key': 'as-text' }
  for (const code of ['provider-rejected', 'provider-unavailable', 'provider-timeout'] as const) {
    const provider = new ScriptedProvider([new ProviderError('It failed', { code, retryable: false })])
    const failing = await ApiKeyServer.start({ providers: [provider] })
    await call(failing, ANN, 'POST /jobs', json(SCRIPTED, asText))
    const [failed = ''] = await failing.idsOf(ANN)
    await call(failing, ANN, `GET /jobs/${failed}/stream`, { headers: asText })
    await call(failing, ANN, `POST /jobs/${failed}/rerun`, json({}, { ...asText, 'idempotency-key': 'rerun' }))
    await call(failing, ANN, `POST /jobs/${failed}/fork`, json({ at: 0 }, { ...asText, 'idempotency-key': 'fork' }))
  }
  const stuck = await ApiKeyServer.start({ providers: [new ScriptedProvider([never])] })
  await call(stuck, ANN, 'POST /jobs', json(SCRIPTED, { ...asText, accept: 'application/json' }))
  const [cancelled = ''] = await stuck.idsOf(ANN)
  await call(stuck, ANN, `POST /jobs/${cancelled}/cancel`)
  await call(stuck, ANN, 'POST /jobs', json(SCRIPTED, asText))
  await call(stuck, ANN, `GET /jobs/${cancelled}/stream`, { headers: asText })
  const rerun = `POST /jobs/${cancelled}/rerun`
  await call(stuck, ANN, rerun, json({}, { 'idempotency-key': 'again' }))
  const [again = ''] = await stuck.idsOf(ANN)
  await call(stuck, ANN, `POST /jobs/${again}/cancel`)
  await call(stuck, ANN, rerun, json({}, { ...asText, 'idempotency-key': 'again' }))
}

/** Makes jobs of the jobs that ended and that run. */
async function callForJobsOfJobs(call: Call, ended: [ApiKeyServer, string], running: [ApiKeyServer, string]) {
  for (const [name, body, other] of [
    ['rerun', {}, { options: { system: 'Be brief.' } }],
    ['fork', { at: 4 }, { at: 5 }],
  ] as const) {
    const route = (id: string) => `POST /jobs/${id}/${name}`
    const [echo, id] = ended
    await call(echo, ANN, route(id), json(body, { 'idempotency-key': name }))
    await call(echo, ANN, route(id), json(body, { 'idempotency-key': name, prefer: 'wait=60' }))
    await call(echo, ANN, route(id), json(other, { 'idempotency-key': name }))
    for (const accept of STREAM_TYPES) await call(echo, ANN, route(id), json(body, { accept }))
    await call(echo, ANN, route(id), json({ ...body, provider: 'none' }))
    const [stuck, runningId] = running
    await call(stuck, ANN, route(runningId), json(body))
    await call(stuck, ANN, route(runningId), json(body))
  }
}

/** Asks for a job that fails because its vendor thinks for all that it may cost, and says nothing. */
async function callForBudgets(call: Call): Promise<void> {
  const vendor = await startOpenAIVendor()
  onTestFinished(() => vendor.close())
  vendor.respondWith((exchange) => exchange.finish({ reason: 'length' }))
  const env = {
    OPENAI_API_KEY: 'key',
    OPENAI_BASE_URL: vendor.url,
    PRICES_FILE: await jsonFile('prices.json', { openai: { 'gpt-4': { input: 1_000, output: 2_000 } } }),
  }
  const server = await ApiKeyServer.start({ env })
  const asText = { accept: 'text/plain' }
  await call(server, ANN, 'POST /jobs', json({ ...OPENAI, maxCostUsd: 0.1 }, asText))
  const [id = ''] = await server.idsOf(ANN)
  await call(server, ANN, `GET /jobs/${id}/stream`, { headers: asText })
  await call(server, ANN, `POST /jobs/${id}/rerun`, json({}, asText))
  await call(server, ANN, `POST /jobs/${id}/fork`, json({ at: 0 }, asText))
}

const UNKNOWN_ITEM = '0'.repeat(64)

/** Asks for items of a job whose message is long enough to be kept as one. */
async function callForItems(call: Call, server: ApiKeyServer): Promise<void> {
  const { prompt, ...model } = ECHO
  const messages = [{ role: 'user', content: prompt.repeat(100) }]
  const response = await server.post(ANN, { ...model, messages }, { prefer: 'wait=60' })
  const job = JobResource.parse(await response.json())
  const [, item = ''] = /"item":"(\w+)"/.exec(JSON.stringify(job.messages)) ?? []
  for (const each of [item, UNKNOWN_ITEM, 'x']) await call(server, ANN, `GET /jobs/${job.id}/items/${each}`)
}

/** Asks for the fixture of a job whose conversation has lost its beginning. */
async function callForOrphan(call: Call, server: ApiKeyServer): Promise<void> {
  const wait = { prefer: 'wait=60' }
  const first = JobResource.parse(await (await server.post(ANN, ECHO, wait)).json())
  const next = JobResource.parse(await (await server.post(ANN, { ...ECHO, previousJobId: first.id }, wait)).json())
  await call(server, ANN, `DELETE /jobs/${first.id}`)
  await call(server, ANN, `GET /jobs/${next.id}/fixture`)
}

/** What a document describes, as `GET /jobs/:id`. */
function routesOf({ paths }: OpenApiDocument): string[] {
  return Object.entries(paths).flatMap(([path, operations]) =>
    Object.keys(operations).map((method) => `${method.toUpperCase()} ${path.replaceAll(/\{(\w+)\}/g, ':$1')}`),
  )
}

describe('GET /openapi.json', () => {
  it('passes the linter without a warning', async () => {
    const { url } = await startServer()
    const { text } = await OpenApiDocument.of(url)
    const file = join(await temporaryFolder(), 'openapi.json')
    await writeFile(file, text)
    const linter = fileURLToPath(import.meta.resolve('@redocly/cli/bin/cli.js'))
    const env = { ...process.env, REDOCLY_TELEMETRY: 'off', REDOCLY_SUPPRESS_UPDATE_NOTICE: 'true' }
    const { stdout, stderr } = await run(process.execPath, [linter, 'lint', file], { env })
    expect(stdout + stderr).toContain('Your API description is valid')
    expect(stdout + stderr).not.toMatch(/warning/i)
  })

  it('describes every route and every problem', async () => {
    const { url, routes } = await startServer()
    const document = await OpenApiDocument.of(url)
    const told = routesOf(document)
    const served = routes
      .filter((route) => !/^HEAD|\/docs|\/openapi\.json/.test(route) && !REFUSING.includes(route))
      .map((route) => route.replace('/v1/models/*', '/v1/models/:model'))
    expect(told.sort()).toEqual([...new Set(served)].sort())
    // The document has no place for other paths and methods than its own.
    const elsewhere: readonly ProblemCode[] = ['route-not-found', 'method-not-allowed']
    const codes = ProblemCode.options.filter((code) => !elsewhere.includes(code))
    expect(codes.filter((code) => !document.text.includes(`urn:promptlab:problem:${code}"`))).toEqual([])
  })

  it('describes no native call that docs/calls.md does not list', async () => {
    const page = await readFile(new URL('../../../../docs/calls.md', import.meta.url), 'utf8')
    const native = routesOf(await OpenApiDocument.of((await startServer()).url)).filter(
      (route) => !route.includes(' /v1/'),
    )
    expect(native.length).toBeGreaterThan(15)
    expect(native.filter((route) => !page.includes(`\`${route}`))).toEqual([])
  })

  it('describes the limit of a list as the number it is', async () => {
    const { paths } = await OpenApiDocument.of((await startServer()).url)
    expect(paths['/jobs']?.['get']?.['parameters']).toContainEqual({
      name: 'limit',
      in: 'query',
      required: false,
      description: 'The most jobs of a page.',
      schema: { type: 'integer', minimum: 1, maximum: 100, default: 20 },
    })
  })

  it('has the descriptions that the schemas of the contract have', async () => {
    const { text } = await OpenApiDocument.of((await startServer()).url)
    const schemas = [
      JobMetrics,
      ProviderInfo,
      Problem,
      JobError,
      createJobBody({ maxPromptChars: 10, schemaFault: () => undefined }),
    ]
    const described = schemas.flatMap(({ shape }) =>
      Object.values(shape).flatMap(({ description }) => description ?? []),
    )
    expect(described.length).toBeGreaterThan(10)
    expect(described.filter((description) => !text.includes(JSON.stringify(description)))).toEqual([])
  })

  it('has the version of the server', async () => {
    const { text } = await OpenApiDocument.of((await startServer()).url)
    const manifest = await readFile(new URL('../../package.json', import.meta.url), 'utf8')
    expect(JSON.parse(text).info.version).toBe(JSON.parse(manifest).version)
  })

  it('has examples that agree with their schemas', async () => {
    const { url } = await startServer()
    const document = await OpenApiDocument.of(url)
    const faults: string[] = []
    for (const [path, operations] of Object.entries(document.paths)) {
      for (const [method, { responses }] of Object.entries(operations)) {
        for (const [status, { content = {} }] of Object.entries(responses)) {
          const example = content['application/json']?.example
          if (example === undefined) continue
          const answer = { status: Number(status), contentType: 'application/json', body: JSON.stringify(example) }
          faults.push(...document.faultsOf(method, path.replaceAll(/\{\w+\}/g, 'x'), answer))
        }
      }
    }
    expect(faults).toEqual([])
  })

  it('has examples of requests that the server would accept', async () => {
    const { paths } = await OpenApiDocument.of((await startServer()).url)
    const Examples = z.record(z.string(), z.object({ value: z.unknown() }))
    const Content = z.object({ 'application/json': z.object({ examples: Examples }) })
    const { content } = z.object({ content: Content }).parse(paths['/jobs']?.['post']?.['requestBody'])
    const examples = Object.values(content['application/json'].examples)
    const body = createJobBody({ maxPromptChars: 100, schemaFault })
    expect(examples.map(({ value }) => body.safeParse(value).error)).toEqual([undefined, undefined])
  })

  it('has streams that are series of their events, in both views', async () => {
    const { paths } = await OpenApiDocument.of((await startServer()).url)
    const { content = {} } = paths['/jobs/{id}/stream']?.['get']?.responses['200'] ?? {}
    const Examples = z.object({ text: z.object({ value: z.string() }), full: z.object({ value: z.string() }) })
    const { text, full } = Examples.parse(content['application/x-ndjson']?.['examples'])
    const lines = (value: string): unknown[] =>
      value
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line))
    expect(lines(text.value).map((line) => StreamEvent.safeParse(line).error)).toEqual([undefined, undefined])
    expect(lines(full.value).flatMap((line) => FullStreamEvent.safeParse(line).error ?? [])).toEqual([])
    expect(lines(full.value).length).toBe(6)
  })

  it('has a feed that is a series of its events', async () => {
    const { paths } = await OpenApiDocument.of((await startServer()).url)
    const { content = {} } = paths['/events']?.['get']?.responses['200'] ?? {}
    const frames = z.string().parse(content['text/event-stream']?.example).trim().split('\n\n').slice(1)
    const events = frames.map((frame) => Object.fromEntries(frame.split('\n').map((line) => line.split(/: (.*)/))))
    const parsed = events.map((event) => FeedEvent.safeParse({ ...event, data: JSON.parse(event['data']) }))
    expect(parsed.map(({ error }) => error)).toEqual([undefined, undefined])
  })

  it('agrees with a real answer for every answer that it describes', async () => {
    const env = {
      MAX_QUEUED_JOBS: '1',
      MAX_CONCURRENT_JOBS: '1',
      MAX_STREAMS_PER_JOB: '1',
      MAX_PROMPT_CHARS: '2000',
      MAX_BODY_MB: '1',
    }
    const echo = await ApiKeyServer.start({ env: { ...env, METRICS_KEY: 'key-of-metrics-01234' } })
    const stuck = await ApiKeyServer.start({ env, providers: [new ScriptedProvider(['a', never])] })
    const limited = await ApiKeyServer.start({ env: { RATE_LIMIT_PER_MINUTE: '1' } })
    const document = await OpenApiDocument.of(echo.url)
    const seen = new Set<string>()
    const faults: string[] = []

    async function call(server: ApiKeyServer, key: string | undefined, route: string, init: RequestInit = {}) {
      const [method = '', path = ''] = route.split(' ')
      const response = await server.call(key, path, { ...init, method })
      const answer = {
        status: response.status,
        contentType: response.headers.get('content-type'),
        body: await response.text(),
      }
      const bare = path.split('?')[0] ?? ''
      seen.add(`${document.operationFor(method, bare)} ${answer.status}`)
      faults.push(...document.faultsOf(method, bare, answer))
      return answer
    }
    const { id } = JobResource.parse(
      JSON.parse((await call(echo, ANN, 'POST /jobs', json(ECHO, { prefer: 'wait=60' }))).body),
    )
    const running = JobResource.parse(JSON.parse((await call(stuck, ANN, 'POST /jobs', json(SCRIPTED))).body))
    const open = await stuck.call(ANN, running.links.stream)
    const onJob = [
      'GET /jobs/ID',
      'GET /jobs/ID/stream',
      'POST /jobs/ID/rerun',
      'POST /jobs/ID/fork',
      'GET /jobs/ID/fixture',
      'POST /jobs/ID/cancel',
      'DELETE /jobs/ID',
      `GET /jobs/ID/items/${UNKNOWN_ITEM}`,
      'GET /jobs/ID/deliveries',
      'GET /jobs/ID/conversation',
    ]
    const everywhere = [
      'POST /jobs',
      'GET /jobs',
      'GET /events',
      'GET /providers',
      'GET /usage',
      'GET /budget',
      'GET /metrics',
      ...onJob,
    ]

    // Its answer has no end.
    const feed = await stuck.call(ANN, '/events')
    seen.add(`${document.operationFor('GET', '/events')} ${feed.status}`)
    await feed.body?.cancel()
    await call(echo, ANN, 'GET /events', { headers: { accept: 'image/png' } })
    await call(echo, ANN, 'GET /events?after=x')

    for (const route of everywhere) {
      await call(echo, undefined, route.replace('ID', id))
      await call(echo, route.includes('metrics') ? 'key-of-metrics-01234' : ANN, route.replace('ID', id), {
        headers: { 'content-encoding': 'br' },
      })
    }
    await call(echo, ANN, `GET /jobs/${id}/deliveries`)
    await call(echo, ANN, `GET /jobs/${id}/conversation`)
    await call(echo, ANN, `GET /jobs/${id}/conversation?limit=x`)
    for (const route of onJob) await call(echo, BOB, route.replace('ID', id), bodyOf(route))
    for (const route of [...everywhere, 'GET /health/live', 'GET /health/ready']) {
      await call(limited, ANN, route.replace('ID', 'x'))
      await call(limited, ANN, route.replace('ID', 'x'))
      await call(limited, ANN, route.replace('ID', '%00%ff'))
    }
    await call(echo, 'key-of-metrics-01234', 'GET /metrics')
    await call(echo, undefined, 'GET /health/live')
    await call(echo, undefined, 'GET /health/ready')
    for (const route of ['GET /health/live', 'GET /health/ready']) {
      await call(echo, undefined, route, { headers: { 'content-encoding': 'br' } })
    }
    await call(echo, ANN, 'GET /providers')
    await call(echo, ANN, 'GET /usage')
    await call(echo, ANN, 'GET /budget')
    await call(echo, ANN, 'GET /usage?from=x')
    await call(echo, ANN, 'GET /jobs')
    await call(echo, ANN, 'GET /jobs?limit=x')
    await call(echo, ANN, `GET /jobs/${id}`)
    await call(echo, ANN, `GET /jobs/${id}/fixture`)
    await callForOrphan(call, echo)
    await callForItems(call, echo)
    for (const accept of [...STREAM_TYPES, 'image/png']) {
      await call(echo, ANN, `GET /jobs/${id}/stream`, { headers: { accept } })
      await call(echo, ANN, 'POST /jobs', json(ECHO, { accept, 'idempotency-key': accept }))
    }
    await call(echo, ANN, 'POST /jobs', json({ ...ECHO, prompt: 'Other' }, { 'idempotency-key': 'text/plain' }))
    await call(echo, ANN, `GET /jobs/${id}/stream?after=x`)
    await call(echo, ANN, `GET /jobs/${id}/stream?view=full&after=9`)
    await call(echo, ANN, `GET /jobs/${id}/stream?after=end`)
    await call(stuck, ANN, `GET /jobs/${running.id}/stream`)
    await call(stuck, ANN, `DELETE /jobs/${running.id}`)
    await callForJobsOfJobs(call, [echo, id], [stuck, running.id])
    await call(stuck, ANN, `GET /jobs/${running.id}/fixture`)
    await call(stuck, ANN, 'POST /jobs', json(SCRIPTED))
    await call(stuck, ANN, 'POST /jobs', json(SCRIPTED))
    await open.body?.cancel()
    await callForText(call)
    await callForBudgets(call)
    await call(echo, ANN, 'POST /jobs', json({}))
    await call(echo, ANN, 'POST /jobs', json({ ...ECHO, provider: 'none' }))
    const large = json({ ...ECHO, prompt: 'x'.repeat(1_100_000) })
    for (const route of [
      'POST /jobs',
      ...['rerun', 'fork', 'cancel'].map((name) => `POST /jobs/${id}/${name}`),
      `DELETE /jobs/${id}`,
    ])
      await call(echo, ANN, route, large)
    await call(echo, ANN, `POST /jobs/${id}/cancel`)
    await call(echo, ANN, `POST /jobs/${id}/cancel`, { body: '{', headers: { 'content-type': 'application/json' } })
    await call(echo, ANN, `DELETE /jobs/${id}`, { body: '{', headers: { 'content-type': 'application/json' } })
    await call(echo, ANN, `DELETE /jobs/${id}`)

    expect(faults).toEqual([])
    const missed = document.answersOf(/^(?!\/v1\/)/).filter((answer) => !seen.has(answer) && !ELSEWHERE.test(answer))
    expect(missed).toEqual([])
  }, 20_000)
})

describe('GET /docs', () => {
  it('is a page that loads scripts and styles only from this server', async () => {
    const { url } = await startServer()
    const response = await fetch(`${url}/docs`)
    const page = await response.text()
    expect(response.headers.get('content-type')).toContain('text/html')
    expect(response.headers.get('content-security-policy')).toContain("default-src 'self'")
    const sources = [...page.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, source = '']) => source)
    expect(sources.length).toBeGreaterThan(4)
    for (const source of sources) {
      expect(new URL(source, response.url).origin).toBe(new URL(url).origin)
      expect((await fetch(new URL(source, response.url))).status).toBe(200)
    }
    // The content security policy forbids inline scripts and styles.
    expect(page).not.toMatch(/<script(?![^>]*src=)|<style|style=|\son\w+=/)
  })
})
