import { describe, expect, it } from 'vitest'
import type { CompletionOptions } from '../llm-provider.ts'
import type { Message } from '../message.ts'
import { drain } from '../testing/drain.ts'
import { fixtureOf, folderWith, play, providerOf } from '../testing/fixture-files.ts'

describe('a request', () => {
  const CALL = { type: 'tool-call', name: 'add', arguments: '{}' } as const
  const messages = (callId: string) => [
    { role: 'system' as const, content: 'Be brief.' },
    { role: 'user' as const, content: [{ type: 'text' as const, text: 'Add' }] },
    { role: 'assistant' as const, content: [{ ...CALL, callId }] },
    { role: 'tool' as const, content: [{ type: 'tool-result' as const, callId, content: '3' }] },
  ]

  it('gets the answer of a fixture that says the same in another form', async () => {
    const options = { seed: 1, vendor: { b: 1, a: { d: [1], c: null } } }
    const request = { provider: 'anthropic', model: 'gpt-4', messages: messages('recorded'), options }
    const provider = providerOf(folderWith({ 'a.json': fixtureOf('Yes', { request }) }).folder)
    const asked: Message[] = [
      { role: 'system', content: [{ type: 'text', text: 'Be brief.' }] },
      { role: 'user', content: [{ type: 'text', text: 'Add' }] },
      {
        role: 'assistant',
        content: [
          { type: 'reasoning', text: 'Hm', carry: 'signature' },
          { ...CALL, callId: 'other', carry: 1 },
        ],
      },
      {
        role: 'tool',
        content: [{ type: 'tool-result', callId: 'other', content: [{ type: 'text', text: '3' }] }],
      },
    ]
    const vendor = { a: { c: null, d: [1] }, b: 1 }
    const { fragments } = await drain(play(provider, asked, { seed: 1, vendor, topP: undefined, mayStore: false }))
    expect(fragments).toEqual(['Yes'])
  })

  it('gets the answer to its prompt also as a message', async () => {
    const provider = providerOf(folderWith({ 'a.json': fixtureOf('Yes') }).folder)
    const asked: Message[] = [{ role: 'user', content: [{ type: 'text', text: 'Yes' }] }]
    expect((await drain(play(provider, asked))).fragments).toEqual(['Yes'])
  })

  const image = (data: string): Message => ({
    role: 'user',
    content: [
      { type: 'text', text: 'See' },
      { type: 'image', mediaType: 'image/png', data },
    ],
  })
  it.each<[string, string | readonly Message[], Partial<CompletionOptions>, string]>([
    ['an option', 'Once', { temperature: 1 }, 'options.temperature'],
    ['a prompt', 'Secret words', {}, 'prompt'],
    ['a model', 'Once', { model: 'gpt-5' }, 'model'],
    ['a role', [{ role: 'system', content: [{ type: 'text', text: 'Once' }] }], {}, 'messages[0].role'],
    ['an image', [image('AAAB')], {}, 'messages[0].content[1].data'],
    [
      'the parameters of a tool',
      'Once',
      { tools: [{ name: 'a', parameters: { Secret: 1 } }], vendor: { top_k: 1 } },
      'options.tools and options.vendor',
    ],
  ])('that differs in %s is told so, without its words', async (_, prompt, options, difference) => {
    const { folder } = folderWith({
      'far.json': fixtureOf('Far', {
        request: { provider: 'x', model: 'm', prompt: 'Far', options: { seed: 9, topP: 1 } },
      }),
      'image.json': fixtureOf('See', {
        request: {
          provider: 'openai',
          model: 'gpt-4',
          messages: [
            {
              role: 'user',
              content: [
                { type: 'text', text: 'See' },
                { type: 'image', mediaType: 'image/png', data: 'AAAA' },
              ],
            },
          ],
        },
      }),
      'once.json': fixtureOf('Once'),
    })
    const { error } = await drain(play(providerOf(folder), prompt, options))
    expect(error).toMatchObject({ code: 'provider-rejected', retryable: false })
    expect(error).toHaveProperty(
      'sentence',
      expect.stringContaining('replay: no fixture for this request; the nearest, '),
    )
    expect(error).toHaveProperty('sentence', expect.stringContaining(`differs in ${difference}.`))
    expect(String(error)).not.toMatch(/Secret/)
  })
})
