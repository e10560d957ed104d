import { describe, expect, it } from 'vitest'
import { drain } from '../testing/drain.ts'
import { describeLLMProvider } from '../testing/index.ts'
import { EchoProvider } from './echo-provider.ts'

describeLLMProvider('EchoProvider', { model: 'echo', create: () => new EchoProvider({ delayMs: 0 }) })

describe('EchoProvider', () => {
  const complete = (prompt: string, { delayMs = 0, signal = new AbortController().signal } = {}) =>
    new EchoProvider({ delayMs }).complete(prompt, { model: 'echo', signal })

  it.each<[string, string[]]>([
    ['Once upon a', ['Once', ' upon', ' a']],
    ['  two  gaps \n', ['  two', '  gaps \n']],
    [' \t\n', [' \t\n']],
    ['', []],
    ['\ud83d \ude00', ['\ud83d', ' \ude00']],
    ['東京\u3000👩‍🚀', ['東京', '\u3000👩‍🚀']],
    ['a\u00a0b\ufeff', ['a', '\u00a0b\ufeff']],
  ])('splits %j into words that keep their white space', async (prompt, words) => {
    expect((await drain(complete(prompt))).fragments).toEqual(words)
  })

  it('streams back the text of the last message of the user', async () => {
    const { signal } = new AbortController()
    const completion = new EchoProvider({ delayMs: 0 }).complete(
      [
        { role: 'user', content: [{ type: 'text', text: 'First' }] },
        {
          role: 'user',
          content: [
            { type: 'text', text: 'Once ' },
            { type: 'text', text: 'upon' },
          ],
        },
        { role: 'assistant', content: [{ type: 'text', text: 'Well' }] },
      ],
      { model: 'echo', signal },
    )
    expect((await drain(completion)).fragments).toEqual(['Once', ' upon'])
  })

  it('streams nothing back from a conversation without a user', async () => {
    const messages = [{ role: 'system', content: [{ type: 'text', text: 'Be kind.' }] }] as const
    const completion = new EchoProvider({ delayMs: 0 }).complete(messages, {
      model: 'echo',
      signal: new AbortController().signal,
    })
    expect((await drain(completion)).fragments).toEqual([])
  })

  it.each([
    ['word', 'x'.repeat(5_000_000)],
    ['gap', `a${' '.repeat(5_000_000)}b`],
    ['end', `a${' '.repeat(5_000_000)}`],
  ])('streams back a very long %s', async (_, prompt) => {
    expect((await drain(complete(prompt))).fragments.join('') === prompt).toBe(true)
  })

  it('gives way to other work while it streams a long prompt without a pause', async () => {
    const turn = new Promise<string>((resolve) => setImmediate(() => resolve('someone else')))
    const stream = drain(complete('word '.repeat(1000))).then(() => 'stream')
    expect(await Promise.race([turn, stream])).toBe('someone else')
    await stream
  })

  it('yields the first word at once, and an abort ends the pause before the second', async () => {
    const abort = new AbortController()
    const completion = complete('Once upon', { delayMs: 1_000_000, signal: abort.signal })
    expect(await completion.next()).toEqual({ done: false, value: 'Once' })
    const next = completion.next()
    const reason = new Error('enough')
    abort.abort(reason)
    await expect(next).rejects.toBe(reason)
  })
})
