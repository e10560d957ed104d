import { describe, expect, it } from 'vitest'
import { chatFaults, readChat } from '../../../test/support/read-chat.ts'

const USER = { role: 'user', content: 'Hi' }
const PNG = 'data:image/png;base64,iVBORw0KGgo='

function messagesOf(...messages: object[]) {
  return readChat({ messages }).job.messages ?? []
}

function faultsIn(...messages: object[]): string[] {
  return chatFaults({ messages })
}

describe('the messages of a chat completion', () => {
  it('become those of a job, with developer as system', () => {
    expect(
      messagesOf(
        { role: 'system', content: 'Be brief.' },
        { role: 'developer', content: [{ type: 'text', text: 'Be kind.' }] },
        { role: 'user', content: 'Hi', name: 'Ann' },
        { role: 'assistant', content: 'Hello' },
      ),
    ).toEqual([
      { role: 'system', content: 'Be brief.' },
      { role: 'system', content: [{ type: 'text', text: 'Be kind.' }] },
      { role: 'user', content: 'Hi' },
      { role: 'assistant', content: [{ type: 'text', text: 'Hello' }] },
    ])
  })

  it('may have images and files, by their bytes or by an address', () => {
    const content = [
      { type: 'text', text: 'Look' },
      { type: 'image_url', image_url: { url: PNG, detail: 'low' } },
      { type: 'image_url', image_url: { url: 'https://example.com/a.png' } },
      { type: 'file', file: { file_data: 'data:application/pdf;base64,JVBERi0=', filename: 'a.pdf' } },
      { type: 'file', file: { file_data: 'YSxi', filename: 'a.CSV' } },
    ]
    expect(messagesOf({ role: 'user', content })).toEqual([
      {
        role: 'user',
        content: [
          { type: 'text', text: 'Look' },
          { type: 'image', mediaType: 'image/png', data: 'iVBORw0KGgo=' },
          { type: 'image', url: 'https://example.com/a.png' },
          { type: 'file', mediaType: 'application/pdf', data: 'JVBERi0=', name: 'a.pdf' },
          { type: 'file', mediaType: 'text/csv', data: 'YSxi', name: 'a.CSV' },
        ],
      },
    ])
  })

  it('may be whole messages of earlier answers, with what SDKs add to them', () => {
    const answer = {
      role: 'assistant',
      content: null,
      refusal: null,
      reasoning_content: 'hm',
      reasoning: 'hm',
      annotations: [],
      audio: null,
      parsed: null,
      tool_calls: [
        { id: 'c1', type: 'function', index: 0, function: { name: 'look', arguments: '{}', parsed_arguments: {} } },
      ],
    }
    expect(messagesOf(USER, answer, { role: 'tool', tool_call_id: 'c1', content: 'ok' }).slice(1)).toEqual([
      {
        role: 'assistant',
        content: [
          { type: 'reasoning', text: 'hm' },
          { type: 'tool-call', callId: 'c1', name: 'look', arguments: '{}' },
        ],
      },
      { role: 'tool', content: [{ type: 'tool-result', callId: 'c1', content: 'ok' }] },
    ])
  })

  it('keep refusals, also among parts, and answers that were empty', () => {
    const parts = [
      { type: 'text', text: 'Well' },
      { type: 'refusal', refusal: 'No.' },
    ]
    expect(
      messagesOf(
        USER,
        { role: 'assistant', content: parts },
        { role: 'assistant', refusal: 'Never.' },
        { role: 'assistant', content: null },
      ).slice(1),
    ).toEqual([
      {
        role: 'assistant',
        content: [
          { type: 'text', text: 'Well' },
          { type: 'refusal', text: 'No.' },
        ],
      },
      { role: 'assistant', content: [{ type: 'refusal', text: 'Never.' }] },
      { role: 'assistant', content: '' },
    ])
  })

  it('are refused with the path of each fault', () => {
    expect(chatFaults({ messages: [] })).toEqual(['messages: Is required'])
    expect(faultsIn({ role: 'function', name: 'f', content: 'x' })[0]).toMatch(/^messages\[0\]\.role: /)
    expect(faultsIn({ role: 'user', content: null })).toEqual(['messages[0].content: Is required'])
    expect(faultsIn({ role: 'user', content: [{ type: 'input_audio', input_audio: {} }] })[0]).toMatch(
      /^messages\[0\]\.content\[0\]\.type: /,
    )
    expect(faultsIn({ role: 'user', content: [{ type: 'file', file: { file_id: 'f', file_data: 'x' } }] })).toEqual([
      'messages[0].content[0].file.file_id: This server keeps no files. Send file_data',
    ])
    expect(faultsIn({ role: 'assistant', content: 'x', audio: { id: 'a' } })).toEqual([
      'messages[0].audio: Audio is not supported',
    ])
    expect(faultsIn({ ...USER, mood: 'good' })).toEqual(['messages[0].mood: Unknown field'])
  })

  it('are refused for images and files that cannot be read', () => {
    const contentFaults = (...content: object[]) => faultsIn(USER, { role: 'user', content })
    const image = (url: string) => ({ type: 'image_url', image_url: { url } })
    const file = (fields: object) => ({ type: 'file', file: fields })
    expect(
      contentFaults(
        image('data:image/png,raw'),
        image('data:image/svg+xml;base64,AAAA'),
        file({ file_data: 'AAAA' }),
        file({ file_data: 'data:application/zip;base64,AAAA' }),
      ).map((fault) => fault.split(':')[0]),
    ).toEqual([
      'messages[1].content[0].image_url.url',
      'messages[1].content[1].image_url.url',
      'messages[1].content[2].file.file_data',
      'messages[1].content[3].file.file_data',
    ])
  })
})
