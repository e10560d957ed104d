import type { UIMessage } from 'ai'
import { describe, expect, it } from 'vitest'
import { nativeMessages } from './native-messages.ts'

type Parts = UIMessage['parts']

const message = (role: UIMessage['role'], ...parts: Parts): UIMessage => ({ id: 'm', role, parts })
const text = (value: string) => ({ type: 'text', text: value }) as const
const step = { type: 'step-start' } as const
const call = { type: 'tool-add', toolCallId: 'c1', input: { a: 1 } } as const

describe('nativeMessages', () => {
  it('keeps texts of all roles, and leaves out what has none', () => {
    const messages = [
      message('system', text('Be '), text('brief.')),
      message('user', text('One'), text('Two')),
      message('assistant', step, { type: 'reasoning', text: 'Hm' }, text('Three')),
      message('user', { type: 'data-note', data: 1 }),
      message('assistant', step, text('')),
    ]
    expect(nativeMessages(messages)).toEqual([
      { role: 'system', content: 'Be brief.' },
      {
        role: 'user',
        content: [
          { type: 'text', text: 'One' },
          { type: 'text', text: 'Two' },
        ],
      },
      { role: 'assistant', content: 'Three' },
    ])
  })

  it('makes a message of the assistant and one of results from each step', () => {
    const answered = { ...call, state: 'output-available', output: { sum: 1 } } as const
    const failed = { ...call, toolCallId: 'c2', state: 'output-error', errorText: 'No.' } as const
    const parts: Parts = [step, text('First.'), answered, failed, step, text('Then.')]
    expect(nativeMessages([message('assistant', ...parts)])).toEqual([
      {
        role: 'assistant',
        content: [
          { type: 'text', text: 'First.' },
          { type: 'tool-call', callId: 'c1', name: 'add', arguments: '{"a":1}' },
          { type: 'tool-call', callId: 'c2', name: 'add', arguments: '{"a":1}' },
        ],
      },
      {
        role: 'tool',
        content: [
          { type: 'tool-result', callId: 'c1', content: '{"sum":1}' },
          { type: 'tool-result', callId: 'c2', content: 'No.' },
        ],
      },
      { role: 'assistant', content: 'Then.' },
    ])
  })

  it('leaves out calls without a result, and tells the model of calls that the user did not allow', () => {
    const approval = { id: 'a1', approved: false, reason: 'Too dear.' } as const
    const parts: Parts = [
      step,
      { ...call, state: 'input-available' },
      { ...call, toolCallId: 'c2', state: 'input-streaming' },
      { ...call, toolCallId: 'c3', state: 'approval-responded', approval },
      { ...call, toolCallId: 'c4', state: 'approval-responded', approval: { id: 'a2', approved: true } },
    ]
    expect(nativeMessages([message('assistant', ...parts)])).toEqual([
      { role: 'assistant', content: [{ type: 'tool-call', callId: 'c3', name: 'add', arguments: '{"a":1}' }] },
      { role: 'tool', content: [{ type: 'tool-result', callId: 'c3', content: 'Too dear.' }] },
    ])
  })

  it('sends a result that is no text as JSON, also one that is missing', () => {
    const outputs = ['text', 7, null, undefined, { deep: [1] }]
    const parts = outputs.map((output) => ({ ...call, state: 'output-available', output }) as const)
    const [, results] = nativeMessages([message('assistant', step, ...parts)])
    const contents = ['text', '7', 'null', 'null', '{"deep":[1]}']
    expect(results?.content).toMatchObject(contents.map((content) => ({ content })))
  })

  it.each([
    ['image/png', 'data:image/png;base64,AAAA', { type: 'image', mediaType: 'image/png', data: 'AAAA' }],
    ['image', 'data:image/gif;base64,AAAA', { type: 'image', mediaType: 'image/gif', data: 'AAAA' }],
    ['image/*', 'https://a.example/b', { type: 'image', url: 'https://a.example/b' }],
    ['IMAGE/PNG', 'https://a.example/b', { type: 'image', mediaType: 'image/png', url: 'https://a.example/b' }],
    ['application/pdf', 'data:;base64,AAAA', { type: 'file', mediaType: 'application/pdf', data: 'AAAA' }],
    ['text/plain;charset=utf-8', 'data:,%C3%BC%20%', { type: 'file', mediaType: 'text/plain', data: btoa('Ã¼ %') }],
    ['text/x-python', 'data:text/x-python,a', { type: 'file', mediaType: 'text/plain', data: btoa('a') }],
  ])('takes a file of the type %s at %s', (mediaType, url, part) => {
    const messages = [message('user', { type: 'file', mediaType, url })]
    expect(nativeMessages(messages)).toEqual([{ role: 'user', content: [part] }])
  })

  it.each([
    ['image/png', 'http://a.example/b', /The file cat\.png has the address http:\/\/a\.example\/b\. Send a data URL/],
    ['image/png', 'blob:https://a.example/1', /has the address blob:/],
    ['video/mp4', 'data:video/mp4;base64,AAAA', /has the type video\/mp4\. A message may have image\/png, /],
    ['', 'data:,a', /has the type unknown/],
  ])('refuses a file of the type %s at %s with words', (mediaType, url, words) => {
    const messages = [message('user', { type: 'file', mediaType, url, filename: 'cat.png' })]
    expect(() => nativeMessages(messages)).toThrow(words)
  })
})
