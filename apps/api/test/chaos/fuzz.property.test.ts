import { once } from 'node:events'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { ANN, ApiKeyServer } from '../support/api-key-server.ts'
import { OpenApiDocument } from '../support/openapi-document.ts'

/** In CI, ten thousand requests; elsewhere as many as do not hold anybody up. */
const CASES = process.env['CI'] ? 10_000 : 300
/** However slow the machine: it then makes fewer cases. */
const LONGEST_MS = 180_000
/** An answer that takes longer counts as none. */
const ANSWER_WITHIN_MS = 10_000
/** What may stay behind in memory when all requests are answered. */
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

/** Mostly a good job with something wrong in it. */
const jobBody = fc
  .record(
    {
      prompt: fc.oneof(fc.constant('Once upon a time'), hostileValue),
      provider: fc.oneof(fc.constant('echo'), fc.constantFrom('openai', 'gemini'), hostileValue),
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

const body = fc.oneof(
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
      .tuple(id, fc.constantFrom('', '/stream', '/cancel', '/'))
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

it(
  'no request makes the server fail, hang, tell of its inside or grow, and each answer is as documented',
  async () => {
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
    const before = memory()
    await fc.assert(fc.asyncProperty(request, send), {
      numRuns: CASES,
      interruptAfterTimeLimit: LONGEST_MS,
    })
    // What is made up goes deep enough to be taken, too.
    expect([...statuses]).toEqual(expect.arrayContaining(['200', '202', '400', '401', '404', '415']))
    expect((await server.call(undefined, '/health/ready')).status).toBe(200)
    expect((await server.call(ANN, '/jobs?limit=1')).status).toBe(200)
    await expect.poll(() => server.app.openStreams.count).toBe(0)
    expect(memory() - before).toBeLessThan(MAX_GROWTH_BYTES)
  },
  LONGEST_MS * 2,
)

/** Sends it as it is, past clients that would put it right; the answer as it came. */
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
    // A server that refuses a body may close before it has read all of it.
    if (error instanceof Error && 'code' in error && error.code === 'ECONNRESET') return ''
    throw error
  } finally {
    clearTimeout(timer)
  }
}

/** What a well-meaning client sends, where the case says nothing else. */
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
  // What is not even HTTP, or no route, or has no body, is not in the document.
  const contentType = /^content-type: (.*)$/im.exec(head)?.[1] ?? null
  const isChunked = /^transfer-encoding: chunked$/im.test(head)
  if (method === 'HEAD' || method === 'OPTIONS' || isChunked || status === 404) return faults
  if (status === 400 && /"instance":"\/"/.test(rest)) return faults
  // Where the router stops reading.
  const [bare = ''] = path.replace('KNOWN', known).split(/[?#]/)
  if (document.operationFor(method, bare))
    faults.push(...document.faultsOf(method, bare, { status, contentType, body: rest }))
  return faults
}

/** What is in use, without what only waits to be collected. */
function memory(): number {
  setFlagsFromString('--expose-gc')
  runInNewContext('gc')()
  return process.memoryUsage().heapUsed
}

/** As a query or a path may carry it, also where that is wrong. */
function encodeURIComponentLoosely(value: string): string {
  return value.includes('%') ? value.replaceAll(/[^\x21-\x7e]|[ ?#]/g, '') : encodeURI(value.toWellFormed())
}
