import * as contract from '@promptlab/contract'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { startServer } from '../support/test-server.ts'

const VALID = { prompt: 'Once upon a time', provider: 'echo', model: 'echo' }

/** How zod words its faults. */
const ZODS_WORDS =
  /invalid (input|option|string|number|key|value|discriminator)|too (big|small)|unrecognized|expected|received|<=|>=/i

/** A sentence of ours: it begins with a capital, is one line, and stands without its path. */
const SENTENCE = /^\p{Lu}[^\n]+[^.\s]$|^The body is empty\. Send a JSON object\.$/u

const anything = fc.oneof(
  fc.jsonValue({ maxDepth: 3 }),
  fc.constantFrom(0, -1, 2.5, 1e300, Number.MAX_SAFE_INTEGER, '', ' ', 'x'.repeat(1_001), 'x'.repeat(201)),
)

const wrongJob = fc.record(
  {
    prompt: fc.oneof(fc.constant(VALID.prompt), anything),
    provider: fc.oneof(fc.constant(VALID.provider), anything),
    model: fc.oneof(fc.constant(VALID.model), anything),
    options: fc.oneof(
      anything,
      fc.record(
        { system: anything, temperature: anything, maxTokens: anything, max_tokens: anything },
        { requiredKeys: [] },
      ),
    ),
    stream: anything,
  },
  { requiredKeys: [] },
)

const parameters = fc.dictionary(
  fc.constantFrom('limit', 'cursor', 'status', 'provider', 'after', 'expires', 'signature', 'page', 'Limit'),
  fc.array(fc.oneof(fc.string(), fc.constantFrom('0', '20', '101', '-1', '1.5', 'done', 'failed', 'end')), {
    minLength: 1,
    maxLength: 2,
  }),
)

async function refusal(url: string, init: RequestInit = {}): Promise<contract.Problem | undefined> {
  const response = await fetch(url, init)
  const body: unknown = await response.json()
  return response.ok ? undefined : contract.Problem.parse(body)
}

const post = (url: string, body: unknown) =>
  refusal(`${url}/jobs`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })

function expectOurWords(problem: contract.Problem | undefined): void {
  for (const { path, message } of problem?.errors ?? []) {
    expect(message).toMatch(SENTENCE)
    expect(message.replaceAll(path, '')).not.toMatch(ZODS_WORDS)
  }
}

describe('the words of refused requests', () => {
  it('are ours, whatever the body', async () => {
    const { url } = await startServer({ env: { MAX_PROMPT_CHARS: '1000' } })
    const body = fc.oneof({ weight: 4, arbitrary: wrongJob }, { weight: 1, arbitrary: anything })
    await fc.assert(
      fc.asyncProperty(body, async (value) => expectOurWords(await post(url, value))),
      { numRuns: 300 },
    )
  })

  it('are ours, whatever the query and the headers', async () => {
    const { url } = await startServer()
    const paths = fc.constantFrom('/jobs', '/jobs/x', '/jobs/x/stream')
    const cursor = fc.stringMatching(/^[\w.-]{0,20}$/)
    await fc.assert(
      fc.asyncProperty(paths, parameters, cursor, async (path, query, lastEventId) => {
        const search = new URLSearchParams(
          Object.entries(query).flatMap(([name, values]) => values.map((value): [string, string] => [name, value])),
        )
        expectOurWords(await refusal(`${url}${path}?${search}`, { headers: { 'last-event-id': lastEventId } }))
      }),
      { numRuns: 300 },
    )
  })

  it('are ours for every schema of the contract', () => {
    const schemas = Object.values(contract).filter((each) => each instanceof z.ZodType)
    expect(schemas.length).toBeGreaterThan(20)
    fc.assert(
      fc.property(fc.constantFrom(...schemas), fc.oneof(anything, wrongJob), (schema, value) => {
        const { error } = schema.safeParse(value, { error: contract.issueSentence })
        for (const { message } of error?.issues ?? []) {
          expect(message).toMatch(SENTENCE)
          expect(message).not.toMatch(ZODS_WORDS)
        }
      }),
      { numRuns: 2_000 },
    )
  })

  it.each([
    [undefined, 'The body is empty. Send a JSON object.'],
    [[VALID], 'The body must be a JSON object, not a list.'],
    [{ ...VALID, prompt: 'x'.repeat(21) }, 'prompt: The prompt is longer than 20 characters.'],
    [{ ...VALID, max_tokens: 5 }, 'max_tokens: Unknown field; did you mean options.maxTokens?'],
    [
      { ...VALID, options: { max_output_tokens: 5 } },
      'options.max_output_tokens: Unknown field; did you mean options.maxTokens?',
    ],
    [{ ...VALID, options: { model: 'echo' } }, 'options.model: Unknown field; did you mean model?'],
    [{ ...VALID, stream: true }, 'stream: Unknown field.'],
    [
      { promt: 'Hello', provider: 'echo', model: 5 },
      'model: Must be a text, not a number. promt: Unknown field; did you mean prompt? prompt: Is required, or messages.',
    ],
  ])('say of %j what is wrong and what to do', async (body, detail) => {
    const { url } = await startServer({ env: { MAX_PROMPT_CHARS: '20' } })
    expect((await post(url, body))?.detail).toBe(detail)
  })

  it.each([
    ['/jobs?limit=x', 'limit: Must be a whole number from 1 to 100.'],
    ['/jobs?limit=1&limit=2', 'limit: Must be given only once.'],
    ['/jobs?status=done', 'status: Must be one of pending, running, completed, failed, cancelled.'],
    ['/jobs?cursor=', 'cursor: Must not be empty.'],
    ['/jobs?cursor=nonsense', 'cursor: Must be the nextCursor of a page.'],
    ['/jobs?limt=5', 'limt: Unknown parameter; did you mean limit?'],
    ['/jobs?page=5', 'page: Unknown parameter.'],
    ['/jobs/x/stream?after=x', 'after: Must be the id of a token event, a number, or "end".'],
  ])('say of %s what is wrong and what to do', async (path, detail) => {
    const { url } = await startServer()
    expect((await refusal(url + path))?.detail).toBe(detail)
  })
})
