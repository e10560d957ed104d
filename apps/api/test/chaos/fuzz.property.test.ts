import { once } from 'node:events'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ANN, ApiKeyServer } from '../support/api-key-server.ts'
import { OpenApiDocument } from '../support/openapi-document.ts'
import { rounds, timeoutOf } from '../support/rounds.ts'

const REQUESTS_PER_ROUND = 10_000
/** A slow machine sends fewer requests: a round ends after this time. */
const LONGEST_ROUND_MS = 180_000
/** A request without an answer after this time fails the test. */
const ANSWER_WITHIN_MS = 10_000
/** The heap may be larger by this much after a round, when all requests are answered. */
const MAX_GROWTH_BYTES = 64 * 1024 * 1024

interface FuzzedRequest {
  readonly method: string
  readonly path: string
  readonly query: string
  readonly headers: readonly (readonly [string, string])[]
  readonly body: Buffer | undefined
}

const hostileText = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.string(),
  fc.constantFrom(
    '',
    '__proto__',
    'constructor',
    '../../etc/passwd',
    '..%2f..%2fetc%2fpasswd',
    '%00',
    '%ff%fe',
    '\u0000',
    '\ud800',
    '🙂'.repeat(300),
    "' or 1=1 --",
    '{{7*7}}',
    '<script>alert(1)</script>',
    'x'.repeat(5_000),
    '1e999',
    '-0',
    'NaN',
    '99999999999999999999',
    'end',
  ),
)
const hostileNumber = fc.constantFrom(0, -0, -1, 0.1, 1e21, 2 ** 53, -(2 ** 63), Number.MAX_VALUE, Number.MIN_VALUE)
const hostileValue = fc.oneof(hostileText, hostileNumber, fc.jsonValue({ maxDepth: 4 }), fc.constant(null))

/** A job body that is mostly valid, with something wrong in it. */
const jobBody = fc
  .record(
    {
      prompt: fc.oneof(fc.constant('Once upon a time'), hostileValue),
      provider: fc.oneof(fc.constant('echo'), fc.constantFrom('openai', 'anthropic', 'gemini'), hostileValue),
      model: fc.oneof(fc.constant('echo'), hostileValue),
      options: fc.oneof(
        fc.record(
          { system: hostileValue, temperature: hostileValue, maxTokens: hostileValue, other: hostileValue },
          { requiredKeys: [] },
        ),
        hostileValue,
      ),
      extra: hostileValue,
    },
    { requiredKeys: ['prompt', 'provider', 'model'] },
  )
  .map((body) => JSON.stringify(body))

/** A body of a rerun or a fork. */
const changesBody = fc
  .record(
    {
      at: fc.oneof(fc.nat({ max: 20 }), fc.constantFrom('f3', '4', 'end', 'f', '-1'), hostileValue),
      prompt: fc.oneof(fc.constant('And?'), hostileValue),
      options: fc.oneof(fc.constant({ system: null }), hostileValue),
      fallbacks: fc.oneof(fc.constant(null), hostileValue),
    },
    { requiredKeys: [] },
  )
  .map((changes) => JSON.stringify(changes))

const body = fc.oneof(
  { weight: 2, arbitrary: changesBody.map((json) => Buffer.from(json)) },
  { weight: 6, arbitrary: jobBody.map((json) => Buffer.from(json)) },
  {
    weight: 1,
    arbitrary: fc.constant('{"prompt":"x","provider":"echo","model":"echo"}').map((json) => Buffer.from(json)),
  },
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)) },
  { weight: 1, arbitrary: fc.json({ maxDepth: 6 }).map((json) => Buffer.from(json)) },
  {
    weight: 1,
    arbitrary: fc
      .constantFrom(
        '{"__proto__":{"prompt":"x"},"provider":"echo","model":"echo"}',
        '{"constructor":{"prototype":{"isAdmin":true}}}',
        `{"prompt":${'['.repeat(2_000)}`,
        `{"prompt":1${'0'.repeat(400)}}`,
        '{"prompt":"\\ud800","provider":"echo","model":"echo"}',
        '{"prompt":"a","prompt":"b","provider":"echo","model":"echo"}',
        '\ufeff{}',
        `"${'x'.repeat(300_000)}"`,
      )
      .map((json) => Buffer.from(json)),
  },
  { weight: 1, arbitrary: fc.constant(undefined) },
)

const id = fc.oneof(
  fc.constant('KNOWN'),
  hostileText.map(encodeURIComponentLoosely),
  fc.constantFrom('..', '.', '%2e%2e', '%', '%zz'),
)
const path = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom('/jobs', '/providers', '/health/live', '/health/ready', '/metrics', '/') },
  {
    weight: 3,
    arbitrary: fc
      .tuple(id, fc.constantFrom('', '/stream', '/cancel', '/deliveries', '/rerun', '/fork', '/'))
      .map(([each, rest]) => `/jobs/${each}${rest}`),
  },
  { weight: 1, arbitrary: hostileText.map((each) => `/${encodeURIComponentLoosely(each)}`) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      '//jobs',
      '/jobs//',
      '/jobs/../health/live',
      '/./jobs',
      '/jobs%2f',
      '/JOBS',
      '/docs/static/../../x',
    ),
  },
)
const query = fc.array(
  fc.tuple(
    fc.constantFrom('limit', 'cursor', 'status', 'provider', 'after', 'expires', 'signature', '__proto__', 'a[]', 'x'),
    hostileText,
  ),
  { maxLength: 3 },
)
const headers = fc.array(
  fc.oneof(
    fc.tuple(
      fc.constantFrom('prefer', 'idempotency-key', 'last-event-id', 'x-request-id', 'x-forwarded-for', 'cookie'),
      hostileText,
    ),
    fc.constantFrom<[string, string]>(
      ['content-type', 'application/json'],
      ['content-type', 'application/json; charset=utf-16'],
      ['content-type', 'text/plain'],
      ['content-type', 'multipart/form-data'],
      ['content-type', ''],
      ['content-encoding', 'gzip'],
      ['accept', 'application/x-ndjson'],
      ['accept', 'image/png'],
      ['accept', ',,;q=2'],
      ['prefer', 'wait=1'],
      ['last-event-id', '3'],
      ['authorization', 'Bearer '],
      ['authorization', 'Basic x'],
      ['origin', 'https://elsewhere.example'],
      ['transfer-encoding', 'identity'],
    ),
  ),
  { maxLength: 4 },
)

const request: fc.Arbitrary<FuzzedRequest> = fc.record({
  method: fc.oneof(
    { weight: 8, arbitrary: fc.constantFrom('POST', 'GET', 'DELETE') },
    { weight: 1, arbitrary: fc.constantFrom('HEAD', 'PUT', 'PATCH', 'OPTIONS', 'TRACE', 'get', 'FOO') },
  ),
  path,
  query: query.map((pairs) => pairs.map(([name, value]) => `${name}=${encodeURIComponentLoosely(value)}`).join('&')),
  headers,
  body,
})

describe('random requests', () => {
  it('get documented answers in time, see no stack trace and leave no memory behind', {
    timeout: timeoutOf(2 * LONGEST_ROUND_MS),
  }, async () => {
    for (const _ of rounds(1)) await sendRandomRequests()
  })
})

async function sendRandomRequests(): Promise<void> {
  const server = await ApiKeyServer.start({ env: { RATE_LIMIT_PER_MINUTE: '0', MAX_PROMPT_CHARS: '10000' } })
  const document = await OpenApiDocument.of(server.url)
  let { id: known } = await server.finishedJob(ANN)
  const statuses = new Set<string>()
  const send = async (fuzzed: FuzzedRequest) => {
    const answer = await exchange(server.url, fuzzed, known)
    expect(faultsOf(document, fuzzed, known, answer)).toEqual([])
    statuses.add(answer.slice('HTTP/1.1 '.length, 'HTTP/1.1 200'.length))
    const isDeleted = fuzzed.method === 'DELETE' && answer.startsWith('HTTP/1.1 204 ')
    if (isDeleted) known = (await server.finishedJob(ANN)).id
  }
  await fc.assert(fc.asyncProperty(request, send), { numRuns: 50 })
  const before = heapUsed()
  await fc.assert(fc.asyncProperty(request, send), {
    numRuns: REQUESTS_PER_ROUND,
    interruptAfterTimeLimit: LONGEST_ROUND_MS,
  })
  // Some requests pass every check: the server accepts them.
  expect([...statuses]).toEqual(expect.arrayContaining(['200', '202', '400', '401', '404', '415']))
  expect((await server.call(undefined, '/health/ready')).status).toBe(200)
  expect((await server.call(ANN, '/jobs?limit=1')).status).toBe(200)
  await expect.poll(() => server.app.openStreams.count).toBe(0)
  expect(heapUsed() - before).toBeLessThan(MAX_GROWTH_BYTES)
  await server.app.close()
}

/** Sends a request over a plain socket, because HTTP clients would correct it, and gives the answer as it came. */
async function exchange(
  url: string,
  { method, path, query, headers, body }: FuzzedRequest,
  known: string,
): Promise<string> {
  const { hostname, port } = new URL(url)
  const socket = connect(Number(port), hostname)
  await once(socket, 'connect')
  const target = `${path.replace('KNOWN', known)}${query && `?${query}`}`
  const all = [['host', 'localhost'], ['connection', 'close'], ...withDefaults(headers)]
  if (body) all.push(['content-length', String(body.length)])
  const head = all.map(([name, value]) => `${name}: ${value?.replaceAll(/[\r\n\0]/g, '')}\r\n`).join('')
  socket.write(Buffer.concat([Buffer.from(`${method} ${target} HTTP/1.1\r\n${head}\r\n`), body ?? Buffer.alloc(0)]))
  const timer = setTimeout(() => socket.destroy(new Error('No answer came in time')), ANSWER_WITHIN_MS)
  try {
    return await text(socket)
  } catch (error) {
    // A server that refuses a body may close the connection before it has read the whole body.
    if (error instanceof Error && 'code' in error && error.code === 'ECONNRESET') return ''
    throw error
  } finally {
    clearTimeout(timer)
  }
}

/** The headers of a request, with those that a correct client would send where the request has none of that name. */
function withDefaults(headers: FuzzedRequest['headers']): (readonly [string, string])[] {
  const given = new Set(headers.map(([name]) => name))
  const defaults = [
    ['authorization', `Bearer ${ANN}`],
    ['content-type', 'application/json'],
  ] as const
  return [...headers, ...defaults.filter(([name]) => !given.has(name))]
}

function faultsOf(document: OpenApiDocument, { method, path }: FuzzedRequest, known: string, answer: string): string[] {
  if (answer === '') return []
  const status = Number(/^HTTP\/1\.1 (\d{3}) /.exec(answer)?.[1])
  const end = answer.indexOf('\r\n\r\n')
  const [head, rest] = [answer.slice(0, end), answer.slice(end + 4)]
  const faults: string[] = []
  if (!(status >= 200 && status < 500) && !/"code":"provider-key-missing"/.test(rest))
    faults.push(`status ${status}: ${answer}`)
  if (/node_modules|\bat \S+ \(|\.ts:\d+/.test(rest)) faults.push(`a stack trace: ${rest}`)
  // The document does not cover malformed HTTP, unknown routes and answers without a body.
  const contentType = /^content-type: (.*)$/im.exec(head)?.[1] ?? null
  const isChunked = /^transfer-encoding: chunked$/im.test(head)
  if (method === 'HEAD' || method === 'OPTIONS' || isChunked || status === 404) return faults
  if (status === 400 && /"instance":"\/"/.test(rest)) return faults
  // The router ignores everything from here on.
  const [bare = ''] = path.replace('KNOWN', known).split(/[?#]/)
  if (document.operationFor(method, bare))
    faults.push(...document.faultsOf(method, bare, { status, contentType, body: rest }))
  return faults
}

/** The bytes of the heap that are in use after a garbage collection. */
function heapUsed(): number {
  setFlagsFromString('--expose-gc')
  runInNewContext('gc')()
  return process.memoryUsage().heapUsed
}

/** A value as a query or a path may carry it, also in invalid ways. */
function encodeURIComponentLoosely(value: string): string {
  return value.includes('%') ? value.replaceAll(/[^\x21-\x7e]|[ ?#]/g, '') : encodeURI(value.toWellFormed())
}
