import { ProviderError } from '@promptlab/providers'
import { describe, expect, it } from 'vitest'
import { ECHO } from '../support/api-key-server.ts'
import { createJob, finishedJob, jobOf, postJob, problemOf, readStream, StreamReader } from '../support/job-client.ts'
import { finishedOf, postTo, Speaker } from '../support/jobs-of-jobs.ts'
import { ScriptedProvider } from '../support/scripted-provider.ts'
import { startServer } from '../support/test-server.ts'

const SCRIPTED = { provider: 'scripted', model: 'script-1' }
const ONE = { prompt: 'Hello', provider: 'one', model: 'm' }
const never = new Promise<void>(() => {})
const user = (text: string) => ({ role: 'user', content: [{ type: 'text', text }] })
const assistant = (...content: object[]) => ({ role: 'assistant', content })

/** Says everything that an answer may have. The places: 3 reasoning, 5 text, 4 the call, 1 text. */
async function* sayAll() {
  yield { type: 'reasoning', text: 'Hm.', carry: 'R' } as const
  yield 'Well.'
  yield { type: 'tool-call', callId: 'c1', name: 'look' } as const
  yield { type: 'tool-arguments', text: '{}' } as const
  yield { type: 'tool-call-end' } as const
  yield '!'
  return undefined
}
const REASONING = { type: 'reasoning', text: 'Hm.', carry: 'R' }
const CALL = { type: 'tool-call', callId: 'c1', name: 'look', arguments: '{}' }
const text = (value: string) => ({ type: 'text', text: value })

describe('POST /jobs/:id/fork', () => {
  it.each<[number | string, number, object[]]>([
    [0, 0, []],
    ['0', 0, []],
    [2, 2, []],
    ['f3', 3, [REASONING]],
    ['f4', 4, [REASONING, text('W')]],
    ['1', 4, [REASONING, text('W')]],
    ['5', 8, [REASONING, text('Well.')]],
    ['f9', 9, [REASONING, text('Well.')]],
    ['f11', 11, [REASONING, text('Well.')]],
    ['f12', 12, [REASONING, text('Well.'), CALL]],
    ['6', 13, [REASONING, text('Well.'), CALL, text('!')]],
    ['end', 13, [REASONING, text('Well.'), CALL, text('!')]],
  ])('at %j gives the provider the answer up to the place %i', async (at, place, parts) => {
    const speaker = new Speaker('one', sayAll)
    const { url } = await startServer({ providers: [speaker] })
    const first = await finishedJob(url, ONE)
    const said = parts.length > 0 ? [assistant(...parts)] : []
    const forkOf = { jobId: first.id, at: place }
    const going = await finishedOf(url, first.id, 'fork', { at })
    expect(going).toMatchObject({ prompt: 'Hello', forkOf })
    // At the beginning it is asked as the first job was.
    expect(speaker.asked[1]).toEqual(parts.length > 0 ? [user('Hello'), ...said] : 'Hello')
    expect(await finishedOf(url, first.id, 'fork', { at, prompt: 'And?' })).toMatchObject({ prompt: 'And?', forkOf })
    expect(speaker.asked[2]).toEqual([user('Hello'), ...said, user('And?')])
  })

  it('goes on behind the conversation before, and at another provider without what the first one wants back', async () => {
    const providers = [new Speaker('one', sayAll), new Speaker('two')]
    const { url } = await startServer({ providers })
    const first = await finishedJob(url, { ...ONE, prompt: 'First' })
    const second = await finishedJob(url, { ...ONE, previousJobId: first.id })
    const fork = await finishedOf(url, second.id, 'fork', { at: 'f8', prompt: 'And?', provider: 'two' })
    expect(fork).toMatchObject({ previousJobId: first.id, provider: 'two' })
    const reasoning = { type: 'reasoning', text: 'Hm.' }
    expect(providers[1]?.asked).toEqual([
      [
        user('First'),
        assistant(reasoning, text('Well.'), CALL, text('!')),
        user('Hello'),
        assistant(reasoning, text('Well.')),
        user('And?'),
      ],
    ])
  })

  it('takes the result of a call that is whole, and of none that was cut', async () => {
    const { url } = await startServer({ providers: [new Speaker('one', sayAll)] })
    const first = await finishedJob(url, ONE)
    const messages = [{ role: 'tool', content: [{ type: 'tool-result', callId: 'c1', content: 'Nothing.' }] }]
    const goOn = async (at: string) => {
      const { id: previousJobId } = await finishedOf(url, first.id, 'fork', { at, provider: 'one' })
      return await postJob(url, { messages, provider: 'one', model: 'm', previousJobId })
    }
    expect((await goOn('f12')).status).toBe(202)
    // The fork answers with a call of the same id, so the cut is checked in its own messages.
    const cut = await finishedOf(url, first.id, 'fork', { at: 'f11' })
    expect(JSON.stringify(cut.messages)).not.toContain('c1')
  })

  it('takes the answer of a fallback with what its vendor wants back', async () => {
    const away = new ProviderError('It is away', { code: 'provider-unavailable', retryable: false })
    const speaker = new Speaker('one', sayAll)
    const { url } = await startServer({ providers: [new ScriptedProvider([away]), speaker] })
    const fallbacks = [{ provider: 'one', model: 'm' }]
    const first = await finishedJob(url, { prompt: 'Hello', ...SCRIPTED, fallbacks })
    expect(first).toMatchObject({ status: 'completed', metrics: { answeredBy: { provider: 'one' } } })
    await finishedOf(url, first.id, 'fork', { at: 4, provider: 'one', model: 'm' })
    expect(speaker.asked[1]).toEqual([user('Hello'), assistant(REASONING, text('W'))])
  })

  it('takes the answer of a cancelled job, once it has ended', async () => {
    const speaker = new Speaker('one')
    const { url } = await startServer({ providers: [new ScriptedProvider(['Once upon', never]), speaker] })
    const { id } = await createJob(url, { prompt: 'Go', ...SCRIPTED })
    expect(await (await StreamReader.open(url, id)).nextToken()).toBe('Once upon')
    const body = { at: 'end', provider: 'one', model: 'm' }
    const refused = await postTo(url, id, 'fork', body)
    expect([refused.status, (await problemOf(refused)).code]).toEqual([409, 'job-not-finished'])
    await fetch(`${url}/jobs/${id}/cancel`, { method: 'POST' })
    expect(await finishedOf(url, id, 'fork', body)).toMatchObject({ result: 'Done.' })
    expect(speaker.asked).toEqual([[user('Go'), assistant(text('Once upon'))]])
  })

  it('moves a place inside a surrogate pair to its beginning', async () => {
    const { url } = await startServer()
    const { id } = await finishedJob(url, { ...ECHO, prompt: 'a🙂b' })
    const places = await Promise.all(
      [2, 'f2', '2', 3].map(async (at) => (await finishedOf(url, id, 'fork', { at })).forkOf?.at),
    )
    expect(places).toEqual([1, 1, 1, 3])
  })

  it.each<[object, string, RegExp]>([
    [{ at: 17 }, 'at', /has 16 places/],
    [{ at: 'f17' }, 'at', /has 16 places/],
    [{ at: '17' }, 'at', /has 16 UTF-16 code units/],
    [{ at: '999999999999999' }, 'at', /has 16 UTF-16/],
    [{ at: -1 }, 'at', /whole number, 0 or more/],
    [{ at: 1.5 }, 'at', /place in the answer/],
    [{ at: 'x' }, 'at', /id of an event/],
    [{ at: null }, 'at', /place in the answer/],
    [{}, 'at', /Is required/],
    [{ at: 1, prompt: ' ' }, 'prompt', /blank/],
    [{ at: 1, propmt: 'x' }, 'propmt', /did you mean prompt/],
  ])('refuses %j, and says why', async (body, path, message) => {
    const { url } = await startServer()
    const { id } = await finishedJob(url, ECHO)
    const problem = await problemOf(await postTo(url, id, 'fork', body))
    expect(problem).toMatchObject({
      code: 'invalid-request',
      errors: [{ path, message: expect.stringMatching(message) }],
    })
  })

  it('needs a body, and a provider that takes messages', async () => {
    const { url } = await startServer({ providers: [new ScriptedProvider(['Once']), new Speaker('one')] })
    const { id } = await finishedJob(url, { prompt: 'Go', ...SCRIPTED })
    expect((await problemOf(await postTo(url, id, 'fork'))).detail).toContain('The body is empty')
    const refused = await problemOf(await postTo(url, id, 'fork', { at: 2 }))
    expect(refused).toMatchObject({ code: 'unsupported-option', detail: /scripted takes a prompt only/ })
    expect((await finishedOf(url, id, 'fork', { at: 0 })).status).toBe('completed')
  })

  it('is streamed from its beginning, in both views', async () => {
    const { url } = await startServer({ providers: [new Speaker('one', sayAll)] })
    const { id } = await finishedJob(url, ONE)
    const { id: made } = await jobOf(await postTo(url, id, 'fork', { at: 4 }))
    expect((await readStream(url, made)).text).toBe('Well.!')
  })
})
