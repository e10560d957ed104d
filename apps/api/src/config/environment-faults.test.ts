import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { faultsOf, VARIABLE_NAMES } from '../../test/support/environment-variables.ts'

const GARBAGE = [
  '?',
  '-1',
  '1.5',
  '9'.repeat(20),
  'a,,b',
  ',',
  'a b',
  'http://[',
  'mysql://x',
  'file:',
  'x'.repeat(300),
]

/** Words of zod's own messages. Ours do not have them. */
const ZOD_WORDING = /Invalid|Too (?:big|small)|Unrecognized|expected|received/

describe('the faults of environment variables', () => {
  it.each([
    ['a type', z.string(), 1],
    ['a URL', z.url(), '?'],
    ['an option', z.enum(['a']), 'b'],
    ['a text', z.string().regex(/a/), 'b'],
    ['a short text', z.string().min(2), 'b'],
    ['a large number', z.int().max(1), 2],
  ])("are told from zod's message for %s", (_, form, value) => {
    expect(form.safeParse(value).error?.issues[0]?.message).toMatch(ZOD_WORDING)
  })

  it.each(VARIABLE_NAMES)('are in our own words for %s', (name) => {
    const faults = GARBAGE.flatMap((text) => faultsOf({ [name]: text }))
    if (!/^HOST$|_API_KEY$/.test(name)) expect(faults).not.toEqual([])
    for (const fault of faults) {
      expect(fault).toMatch(new RegExp(`^${name}: [A-Z"]`))
      expect(fault).not.toMatch(ZOD_WORDING)
    }
  })

  it.each([
    ['PORT', '80a', 'Must be a whole number from 0 to 65535, not "80a"'],
    ['PORT', '65536', 'Must be a whole number from 0 to 65535, not "65536"'],
    ['MAX_JOBS_PER_KEY', '0', 'Must be a whole number from 1 to 100000, not "0"'],
    ['ECHO_DELAY_MS', 'soon', 'Must be a whole number from 0 to 2147483647, not "soon"'],
    ['JOB_RETENTION_HOURS', '0', 'Must be a number of hours above 0 and up to 1000000, such as 24 or 0.5, not "0"'],
    ['OTEL_TRACES_SAMPLER_ARG', '2', 'Must be a number from 0 to 1, such as 0.25, not "2"'],
    ['ROLE', 'boss', 'Must be one of all, api, worker, not "boss"'],
    ['OPENAI_BASE_URL', 'localhost:11434', 'Must begin with http:// or https://, such as http://localhost:11434/v1'],
    ['OPENAI_BASE_URL', 'https://a b', 'Is not a valid URL; write it like http://localhost:11434/v1'],
    ['GEMINI_BASE_URL', 'ftp://host', 'Must begin with http:// or https://, such as https://gateway.example.com'],
    ['REDIS_URL', 'localhost:6379', 'Must begin with redis:// or rediss://, such as redis://localhost:6379'],
    ['CORS_ORIGINS', 'a.example', 'Each item must be an origin such as https://app.example.com, or *, not "a.example"'],
    ['TRUSTED_PROXIES', '::/129', 'Each item must be an IP address or a range such as 10.0.0.0/8, not "::/129"'],
    ['OPENAI_MODELS', 'a,,b', 'Must be a comma-separated list without an empty item, not "a,,b"'],
    ['STREAM_LINK_SECRET', 'short', 'Must be 32 characters or more, not 5'],
  ])('say what is allowed for %s=%s', (name, text, fault) => {
    expect(faultsOf({ [name]: text })).toContain(`${name}: ${fault}`)
  })

  it('do not repeat a secret', () => {
    const rest = '://me:hunter2@a b'
    const keys = { API_KEYS: 'ann:hunter2', METRICS_KEY: 'hunter2', STREAM_LINK_SECRET: 'hunter2' }
    const servers = { REDIS_URL: `redis${rest}`, DATABASE_URL: `postgres${rest}` }
    const urls = { OPENAI_BASE_URL: `http${rest}`, OTEL_EXPORTER_OTLP_ENDPOINT: `http${rest}` }
    const faults = faultsOf({ ...keys, ...servers, ...urls })
    expect(faults).toHaveLength(7)
    expect(faults.join()).not.toContain('hunter2')
  })
})
