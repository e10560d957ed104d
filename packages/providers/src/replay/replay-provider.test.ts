import { execFileSync } from 'node:child_process'
import { rmSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { ProviderErrorCode } from '@promptlab/contract'
import { describe, expect, it, vi } from 'vitest'
import { drain } from '../testing/drain.ts'
import { fixtureOf, folderWith, play, providerOf, text } from '../testing/fixture-files.ts'
import { describeLLMProvider } from '../testing/index.ts'
import type { ReplayTimer } from './play-fixture.ts'
import { standIn } from './stand-in.ts'

const STAND_IN = { name: 'openai', apiKey: () => undefined, baseUrl: undefined, models: [], delayMs: 0 }

/** A clock that only moves when somebody sleeps, and tells every sleep. */
function fakeTimer(): ReplayTimer & { readonly slept: number[] } {
  let now = 1_000
  const slept: number[] = []
  return {
    slept,
    now: () => now,
    async sleep(ms) {
      slept.push(ms)
      now += ms
    },
  }
}

const CONTRACT_PROMPTS = [
  'Once upon a time there was 👩‍🚀 in 東京.',
  ...Array.from({ length: 8 }, (_, index) => `This is number ${index} of them`),
]

describeLLMProvider('ReplayProvider', {
  model: 'gpt-4',
  create: () => {
    const files = CONTRACT_PROMPTS.map((prompt, index) => [`${index}.json`, fixtureOf(prompt)] as const)
    return providerOf(folderWith(Object.fromEntries(files)).folder)
  },
})

describe('ReplayProvider', () => {
  it('plays every piece with what its vendor wants back, and the end', async () => {
    const usage = { inputTokens: 3, outputTokens: 5, reasoningTokens: 1 }
    const { folder } = folderWith({
      'a.json': fixtureOf('Hi', {
        answer: [
          { type: 'reasoning', text: 'Hm', afterMs: 5 },
          { type: 'reasoning', text: '', carry: { signature: 'abc' } },
          { type: 'text', text: 'So ', carry: 'x' },
          { type: 'text', text: 'yes' },
          { type: 'refusal', text: 'No.' },
          { type: 'tool-call', callId: 'c1', name: 'add' },
          { type: 'tool-arguments', text: '{}' },
          { type: 'tool-call-end', carry: [1] },
        ],
        end: { finishReason: 'tool-calls', usage },
      }),
    })
    expect(await drain(play(providerOf(folder), 'Hi'))).toMatchObject({
      pieces: [
        { type: 'reasoning', text: 'Hm' },
        { type: 'reasoning', text: '', carry: { signature: 'abc' } },
        { type: 'text', text: 'So ', carry: 'x' },
        'yes',
        { type: 'refusal', text: 'No.' },
        { type: 'tool-call', callId: 'c1', name: 'add' },
        { type: 'tool-arguments', text: '{}' },
        { type: 'tool-call-end', carry: [1] },
      ],
      summary: { finishReason: 'tool-calls', usage },
    })
  })

  it.each([
    [1, [120, 80, 40]],
    [2, [60, 40, 20]],
    [0.5, [240, 160, 80]],
    [0, []],
  ])('plays at speed %d with the pauses %j', async (speed, pauses) => {
    const { folder } = folderWith({
      'a.json': fixtureOf('Hi', {
        answer: [text('a', 120), text('b'), text('c', 80)],
        end: { afterMs: 40 },
      }),
    })
    const timer = fakeTimer()
    expect((await drain(play(providerOf(folder, { speed, timer }), 'Hi'))).fragments).toEqual(['a', 'b', 'c'])
    expect(timer.slept).toEqual(pauses)
  })

  it('makes up for pauses that took too long', async () => {
    const answer = Array.from({ length: 4 }, () => text('x', 100))
    const { folder } = folderWith({ 'a.json': fixtureOf('Hi', { answer }) })
    const timer = fakeTimer()
    const slow: ReplayTimer = { now: timer.now, sleep: (ms, signal) => timer.sleep(ms + 30, signal) }
    await drain(play(providerOf(folder, { speed: 1, timer: slow }), 'Hi'))
    expect(timer.slept).toEqual([130, 100, 100, 100])
  })

  it('throws the reason of an abort at once in the middle of a pause, and while it hangs', async () => {
    const { folder } = folderWith({
      'pause.json': fixtureOf('pause', { answer: [text('a', 1_000_000)] }),
      'hang.json': fixtureOf('hang', { answer: [], end: { hang: true } }),
    })
    for (const prompt of ['pause', 'hang']) {
      const abort = new AbortController()
      const next = play(providerOf(folder, { speed: 1 }), prompt, { signal: abort.signal }).next()
      const reason = new Error(prompt)
      abort.abort(reason)
      await expect(next).rejects.toBe(reason)
    }
  })

  it('gives way to other work while it plays a long answer at once', async () => {
    const answer = Array.from({ length: 1_000 }, () => text('x'))
    const { folder } = folderWith({ 'a.json': fixtureOf('Hi', { answer }) })
    const turn = new Promise<string>((resolve) => setImmediate(() => resolve('someone else')))
    const stream = drain(play(providerOf(folder), 'Hi')).then(() => 'stream')
    expect(await Promise.race([turn, stream])).toBe('someone else')
    await stream
  })

  it('fails behind its pieces as the recorded call did', async () => {
    const failure = { error: 'prompt-too-long', message: 'openai: Too long.', retryable: true, status: 413 } as const
    const { folder } = folderWith({ 'a.json': fixtureOf('Hi', { answer: [text('a')], end: failure }) })
    const { fragments, error } = await drain(play(providerOf(folder), 'Hi'))
    expect(fragments).toEqual(['a'])
    expect(error).toMatchObject({
      code: 'prompt-too-long',
      sentence: 'openai: Too long.',
      retryable: true,
      status: 413,
    })
  })
})

describe('the faults of a fixture', () => {
  it('can be every error of a provider, and other calls play the answer', async () => {
    const codes = ProviderErrorCode.options
    const faults = codes.map((error, index) => ({ call: index + 2, error, retryAfterMs: 7 }))
    const provider = providerOf(folderWith({ 'a.json': fixtureOf('Once upon', { faults }) }).folder)
    const outcomes = []
    for (let call = 1; call <= codes.length + 2; call++) outcomes.push(await drain(play(provider, 'Once upon')))
    expect(outcomes.slice(1, -1).map(({ error }) => error)).toMatchObject(
      codes.map((code) => ({ code, retryAfterMs: 7 })),
    )
    for (const played of [outcomes.at(0), outcomes.at(-1)]) expect(played?.fragments).toEqual(['Once', ' upon'])
  })

  it('come behind so many pieces, or behind all of them', async () => {
    const faults = [
      { call: 1, afterPieces: 1, error: 'provider-unavailable' as const },
      { call: 2, afterPieces: 9, error: 'provider-timeout' as const },
    ]
    const provider = providerOf(folderWith({ 'a.json': fixtureOf('Once upon', { faults }) }).folder)
    expect((await drain(play(provider, 'Once upon'))).fragments).toEqual(['Once'])
    expect((await drain(play(provider, 'Once upon'))).fragments).toEqual(['Once', ' upon'])
  })

  it('can hang until the call is ended', async () => {
    const faults = [{ call: 1, afterPieces: 1, hang: true as const }]
    const provider = providerOf(folderWith({ 'a.json': fixtureOf('Once upon', { faults }) }).folder)
    const abort = new AbortController()
    const completion = play(provider, 'Once upon', { signal: abort.signal })
    expect((await completion.next()).value).toBe('Once')
    const next = completion.next()
    abort.abort('enough')
    await expect(next).rejects.toBe('enough')
    expect((await drain(play(provider, 'Once upon'))).fragments).toEqual(['Once', ' upon'])
  })
})

describe('the folder of fixtures', () => {
  it('is read again when a file is added, changed or removed', async () => {
    const { folder, write } = folderWith({ 'a.json': fixtureOf('One') })
    const provider = providerOf(folder)
    expect(provider.models).toEqual(['gpt-4'])
    write('b.json', fixtureOf('Two', { request: { provider: 'x', model: 'm', prompt: 'Two' } }))
    expect(provider.models).toEqual(['gpt-4', 'm'])
    write('a.json', fixtureOf('Three'))
    expect((await drain(play(provider, 'Three'))).fragments).toEqual(['Three'])
    rmSync(join(folder, 'b.json'))
    expect(provider.models).toEqual(['gpt-4'])
  })

  it('tells each file that cannot be played once, with its fault and without its words', async () => {
    const { folder, write } = folderWith({
      'a.json': fixtureOf('Once'),
      'cut.json': '{"version": 1, "request": Secret',
      'old.json': JSON.stringify({ version: 9, secret: 'Secret' }),
      'twice.json': fixtureOf('Once'),
      'deep.json': '['.repeat(1_000_000),
      'list.json': '[["Secret"]]',
      'notes.txt': 'Secret',
    })
    const onNotice = vi.fn()
    const provider = providerOf(folder, { onNotice })
    const { error } = await drain(play(provider, 'Twice'))
    expect(String(error)).toMatch(
      /Not read: cut\.json is not JSON.*, deep\.json .*, list\.json is no fixture.*, old\.json is no fixture: version: Must be 1; /,
    )
    const notices = onNotice.mock.calls.map(([notice]) => String(notice))
    expect(notices).toHaveLength(5)
    expect(notices[4]).toBe('a fixture is never played: twice.json has the same request as a.json')
    expect(notices.join() + String(error)).not.toMatch(/Secret/)
    write('cut.json', fixtureOf('Twice'))
    expect((await drain(play(provider, 'Twice'))).fragments).toEqual(['Twice'])
  })

  // A pipe without a writer would hold up the whole process, and a device that never ends would fill its memory.
  it.skipIf(process.platform === 'win32')('reads neither pipes nor devices', async () => {
    const { folder } = folderWith({ 'z.json': fixtureOf('Once') })
    execFileSync('mkfifo', [join(folder, 'pipe.json')])
    symlinkSync('/dev/zero', join(folder, 'zeros.json'))
    symlinkSync('loop.json', join(folder, 'loop.json'))
    const provider = providerOf(folder)
    expect((await drain(play(provider, 'Once'))).fragments).toEqual(['Once'])
    const { error } = await drain(play(provider, 'Twice'))
    const faults = 'Not read: loop.json cannot be read (ELOOP), pipe.json is no file, zeros.json is no file.'
    expect(String(error)).toContain(faults)
  })

  it('takes a file that begins with a byte order mark', async () => {
    const { folder } = folderWith({ 'a.json': `\uFEFF${JSON.stringify({ version: 1, ...fixtureOf('Once') })}` })
    expect((await drain(play(providerOf(folder), 'Once'))).fragments).toEqual(['Once'])
  })

  it('names a few of many files that cannot be played in an error, and all of them in the log', async () => {
    const { folder } = folderWith(Object.fromEntries(Array.from({ length: 9 }, (_, index) => [`${index}.json`, '?'])))
    const onNotice = vi.fn()
    const { error } = await drain(play(providerOf(folder, { onNotice }), 'Once'))
    expect(String(error)).toMatch(/Not read: 0\.json is not JSON.*, 1\.json .*, 3\.json [^,]*, and 5 more\.$/)
    expect(onNotice).toHaveBeenCalledTimes(9)
  })

  it('tells of a file that is damaged while the provider stands in for another one', async () => {
    const { folder, write } = folderWith({ 'a.json': fixtureOf('One'), 'old.json': '?' })
    const standsFor = { name: 'openai', models: [], complete: () => play(providerOf(folder), '') }
    const onNotice = vi.fn()
    const provider = standIn({ name: 'openai', models: {}, create: () => standsFor }, STAND_IN).create({
      ...STAND_IN,
      replay: { folder, speed: 0 },
      onNotice,
    })
    write('new.json', '?')
    await drain(provider.complete('One', { model: 'gpt-4', signal: new AbortController().signal }))
    expect(onNotice.mock.calls).toEqual([[expect.stringContaining('new.json is not JSON')]])
  })

  it('may be removed and come back', async () => {
    const { folder, write } = folderWith({ 'a.json': fixtureOf('Once') })
    const provider = providerOf(join(folder, 'none'))
    expect(provider.models).toEqual([])
    const { error } = await drain(play(provider, 'Once'))
    expect(error).toMatchObject({ code: 'provider-rejected', message: expect.stringContaining('(ENOENT)') })
    write('b.json', fixtureOf('Two'))
    expect(providerOf(folder).models).toEqual(['gpt-4'])
  })

  it('plays only the fixtures of the provider that it stands in for', async () => {
    const { folder } = folderWith({
      'a.json': fixtureOf('One', { request: { provider: 'anthropic', model: 'claude', prompt: 'One' } }),
      'b.json': fixtureOf('Two'),
    })
    const standsFor = { name: 'openai', models: [], complete: () => play(providerOf(folder), '') }
    const provider = providerOf(folder, { name: 'openai', standsFor })
    expect(provider).toMatchObject({ name: 'openai', models: ['gpt-4'], capabilities: { messages: false } })
    expect((await drain(play(provider, 'Two'))).fragments).toEqual(['Two'])
  })
})
