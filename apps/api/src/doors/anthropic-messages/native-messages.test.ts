import { describe, expect, it } from 'vitest'
import { encodeCarry } from '../encoded-carry.ts'
import { messagesRequest } from './messages-request.ts'

const PNG = Buffer.from('abc').toString('base64')

function askedOf(body: object, provider = 'anthropic') {
  return messagesRequest({ model: 'opus', max_tokens: 9, ...body }, () => ({ provider, model: 'claude-opus-5' }))
}

const inUser = (...content: unknown[]) => ({ messages: [{ role: 'user', content }] })

describe('messagesRequest', () => {
  it('asks a conversation as messages, with the results of tools in messages of their own', () => {
    const messages = [
      { role: 'user', content: 'Hi' },
      {
        role: 'assistant',
        content: [
          { type: 'text', text: 'Wait.', citations: null },
          { type: 'tool_use', id: 'c1', name: 'add', input: { a: 1 }, caller: { type: 'direct' } },
        ],
      },
      {
        role: 'user',
        content: [
          { type: 'tool_result', tool_use_id: 'c1', content: '3', cache_control: { type: 'ephemeral' } },
          { type: 'tool_result', tool_use_id: 'c2' },
          { type: 'text', text: 'Quick!' },
          { type: 'image', source: { type: 'base64', media_type: 'image/png', data: PNG } },
          { type: 'tool_result', tool_use_id: 'c3', content: [{ type: 'image', source: { type: 'url', url: 'u' } }] },
        ],
      },
    ]
    const system = [
      { type: 'text', text: 'Be kind.' },
      { type: 'text', text: 'Be brief.' },
    ]
    const { job, paramOf } = askedOf({ system, messages })
    expect(job.messages).toEqual([
      { role: 'system', content: 'Be kind.\n\nBe brief.' },
      { role: 'user', content: 'Hi' },
      {
        role: 'assistant',
        content: [
          { type: 'text', text: 'Wait.' },
          { type: 'tool-call', callId: 'c1', name: 'add', arguments: '{"a":1}' },
        ],
      },
      {
        role: 'tool',
        content: [
          { type: 'tool-result', callId: 'c1', content: '3' },
          { type: 'tool-result', callId: 'c2', content: '' },
        ],
      },
      {
        role: 'user',
        content: [
          { type: 'text', text: 'Quick!' },
          { type: 'image', mediaType: 'image/png', data: PNG },
        ],
      },
      { role: 'tool', content: [{ type: 'tool-result', callId: 'c3', content: [{ type: 'image', url: 'u' }] }] },
    ])
    expect(
      [
        'messages[0].content',
        'messages[1].content',
        'messages[2].content[1].arguments',
        'messages[3].content[1].callId',
        'messages[4].content[1].data',
        'messages[5].content[0].content[0].url',
        'options.maxTokens',
        'options.reasoning',
        'provider',
        'elsewhere',
      ].map(paramOf),
    ).toEqual([
      'system',
      'messages[0].content',
      'messages[1].content[1].input',
      'messages[2].content[1].tool_use_id',
      'messages[2].content[3].source.data',
      'messages[2].content[4].content[0].source.url',
      'max_tokens',
      'output_config.effort',
      'model',
      'elsewhere',
    ])
  })

  it('asks documents as files', () => {
    const document = (source: object, more: object = {}) => ({ type: 'document', source, ...more })
    const { messages } = askedOf(
      inUser(
        document({ type: 'base64', media_type: 'application/pdf', data: PNG }, { title: 'a.pdf' }),
        document({ type: 'text', media_type: 'text/plain', data: 'abc' }, { citations: { enabled: false } }),
        document({ type: 'url', url: 'https://example.com/a.pdf' }, { context: null }),
      ),
    ).job
    expect(messages?.[0]?.content).toEqual([
      { type: 'file', mediaType: 'application/pdf', data: PNG, name: 'a.pdf' },
      { type: 'file', mediaType: 'text/plain', data: PNG },
      { type: 'file', mediaType: 'application/pdf', url: 'https://example.com/a.pdf' },
    ])
  })

  it('says in words that a tool failed', () => {
    const failed = (content?: unknown) => ({ type: 'tool_result', tool_use_id: 'c1', is_error: true, content })
    const image = { type: 'image', source: { type: 'url', url: 'u' } }
    const { job, paramOf } = askedOf(
      inUser(failed('no disk'), failed(), failed([{ type: 'text', text: 'x' }]), failed([image])),
    )
    expect(job.messages?.[0]?.content).toEqual([
      { type: 'tool-result', callId: 'c1', content: 'Error: no disk' },
      { type: 'tool-result', callId: 'c1', content: 'Error: ' },
      { type: 'tool-result', callId: 'c1', content: [{ type: 'text', text: 'Error: x' }] },
      {
        type: 'tool-result',
        callId: 'c1',
        content: [
          { type: 'text', text: 'Error: ' },
          { type: 'image', url: 'u' },
        ],
      },
    ])
    expect(paramOf('messages[0].content[3].content[1].url')).toBe('messages[0].content[3].content[0].source.url')
  })

  it('gives thinking back to the provider that it came from', () => {
    const carry = { provider: 'gemini', value: { sig: 'x' } }
    const thinking = [
      { type: 'thinking', thinking: 'Hm.', signature: encodeCarry(carry) },
      { type: 'redacted_thinking', data: encodeCarry(carry) },
      { type: 'thinking', thinking: 'Well.', signature: 'EqQB' },
      { type: 'redacted_thinking', data: 'EmwK' },
      { type: 'thinking', thinking: 'So.', signature: '' },
      { type: 'thinking', thinking: '', signature: '' },
    ]
    const messages = [
      { role: 'user', content: 'Hi' },
      { role: 'assistant', content: thinking },
      { role: 'assistant', content: [{ type: 'redacted_thinking', data: 'EmwK' }] },
    ]
    const ours = [
      { type: 'reasoning', text: 'Hm.', carry },
      { type: 'reasoning', text: '', carry },
    ]
    const ofAnthropic = (value: object) => ({ provider: 'anthropic', value })
    const { job, paramOf } = askedOf({ messages })
    expect(job.messages?.slice(1)).toEqual([
      {
        role: 'assistant',
        content: [
          ...ours,
          { type: 'reasoning', text: 'Well.', carry: ofAnthropic({ type: 'thinking', signature: 'EqQB' }) },
          { type: 'reasoning', text: '', carry: ofAnthropic({ type: 'redacted_thinking', data: 'EmwK' }) },
          { type: 'reasoning', text: 'So.' },
        ],
      },
      {
        role: 'assistant',
        content: [{ type: 'reasoning', text: '', carry: ofAnthropic({ type: 'redacted_thinking', data: 'EmwK' }) }],
      },
    ])
    expect(paramOf('messages[1].content[4]')).toBe('messages[1].content[4]')
    expect(askedOf({ messages }, 'openai').job.messages?.slice(1)).toEqual([
      {
        role: 'assistant',
        content: [...ours, { type: 'reasoning', text: 'Well.' }, { type: 'reasoning', text: 'So.' }],
      },
    ])
  })
})
