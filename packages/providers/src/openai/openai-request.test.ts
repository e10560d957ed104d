import { describe, expect, it } from 'vitest'
import type { CompletionOptions } from '../llm-provider.ts'
import type { Message } from '../message.ts'
import { openAIRequest, styleOf } from './openai-request.ts'

const STYLE = styleOf('https://api.openai.com/v1', {})

function request(prompt: string | readonly Message[], options: Partial<CompletionOptions> = {}) {
  return openAIRequest(prompt, { model: 'm', signal: new AbortController().signal, ...options }, STYLE)
}

const messages = (...conversation: Message[]) => request(conversation).messages

describe('openAIRequest', () => {
  it('sends every option under its name in the API', () => {
    const parameters = { type: 'object', properties: { a: { type: 'number' } } }
    const { messages: _, ...rest } = request('Hi', {
      temperature: 0,
      maxTokens: 5,
      topP: 0.5,
      stop: ['END'],
      seed: 7,
      presencePenalty: -1,
      frequencyPenalty: 1,
      reasoning: { effort: 'low' },
      tools: [{ name: 'add', description: 'Adds.', parameters }, { name: 'now' }],
      toolChoice: { name: 'add' },
      parallelToolCalls: false,
      responseFormat: { type: 'json-schema', name: 'sum', schema: { type: 'object' }, strict: true },
    })
    expect(rest).toEqual({
      model: 'm',
      stream: true,
      stream_options: { include_usage: true },
      temperature: 0,
      max_completion_tokens: 5,
      top_p: 0.5,
      stop: ['END'],
      seed: 7,
      presence_penalty: -1,
      frequency_penalty: 1,
      reasoning_effort: 'low',
      tools: [
        { type: 'function', function: { name: 'add', description: 'Adds.', parameters } },
        { type: 'function', function: { name: 'now', parameters: { type: 'object', properties: {} } } },
      ],
      tool_choice: { type: 'function', function: { name: 'add' } },
      parallel_tool_calls: false,
      response_format: { type: 'json_schema', json_schema: { name: 'sum', schema: { type: 'object' }, strict: true } },
    })
  })

  it('asks for JSON without a schema, and for nothing if the answer is text', () => {
    expect(request('Hi', { responseFormat: { type: 'json' } }).response_format).toEqual({ type: 'json_object' })
    expect(request('Hi', { responseFormat: { type: 'text' } })).not.toHaveProperty('response_format')
    expect(request('Hi', { toolChoice: 'required' }).tool_choice).toBe('required')
  })

  it('sends the system text before the messages', () => {
    const conversation: Message[] = [
      {
        role: 'system',
        content: [
          { type: 'text', text: 'Be ' },
          { type: 'text', text: 'kind.' },
        ],
      },
      { role: 'user', content: [{ type: 'text', text: 'Hi' }] },
    ]
    expect(request(conversation, { system: 'Be brief.' }).messages).toEqual([
      { role: 'system', content: 'Be brief.' },
      { role: 'system', content: 'Be kind.' },
      { role: 'user', content: 'Hi' },
    ])
  })

  it('sends images and files as data or by their address', () => {
    expect(
      messages({
        role: 'user',
        content: [
          { type: 'text', text: 'Look:' },
          { type: 'image', mediaType: 'image/png', data: 'AAAA' },
          { type: 'image', url: 'https://example.com/a.png' },
          { type: 'file', mediaType: 'application/pdf', data: 'BBBB', name: 'a.pdf' },
          { type: 'file', mediaType: 'application/pdf', data: 'BBBB' },
        ],
      }),
    ).toEqual([
      {
        role: 'user',
        content: [
          { type: 'text', text: 'Look:' },
          { type: 'image_url', image_url: { url: 'data:image/png;base64,AAAA' } },
          { type: 'image_url', image_url: { url: 'https://example.com/a.png' } },
          { type: 'file', file: { filename: 'a.pdf', file_data: 'data:application/pdf;base64,BBBB' } },
          { type: 'file', file: { filename: 'file.pdf', file_data: 'data:application/pdf;base64,BBBB' } },
        ],
      },
    ])
  })

  it('sends earlier answers without their reasoning, and refusals as text', () => {
    expect(
      messages(
        {
          role: 'assistant',
          content: [
            { type: 'reasoning', text: 'hm' },
            { type: 'text', text: 'Wait. ' },
            { type: 'tool-call', callId: 'c1', name: 'now', arguments: '' },
          ],
        },
        { role: 'assistant', content: [{ type: 'reasoning', text: 'only this' }] },
        { role: 'assistant', content: [{ type: 'refusal', text: 'No.' }] },
      ),
    ).toEqual([
      {
        role: 'assistant',
        content: 'Wait. ',
        tool_calls: [{ id: 'c1', type: 'function', function: { name: 'now', arguments: '{}' } }],
      },
      { role: 'assistant', content: 'No.' },
    ])
  })

  it('sends results of tools as text, and their images behind the last of them', () => {
    const image = { type: 'image', mediaType: 'image/png', data: 'AAAA' } as const
    expect(
      messages(
        {
          role: 'tool',
          content: [
            { type: 'tool-result', callId: 'c1', content: [{ type: 'text', text: 'See: ' }, image] },
            { type: 'tool-result', callId: 'c2', content: [image] },
          ],
        },
        { role: 'tool', content: [{ type: 'tool-result', callId: 'c3', content: [{ type: 'text', text: '3' }] }] },
        { role: 'user', content: [{ type: 'text', text: 'Well?' }] },
      ),
    ).toEqual([
      { role: 'tool', tool_call_id: 'c1', content: 'See: ' },
      { role: 'tool', tool_call_id: 'c2', content: 'The result is in the next message.' },
      { role: 'tool', tool_call_id: 'c3', content: '3' },
      {
        role: 'user',
        content: [
          { type: 'text', text: 'From the result of the tool call c1:' },
          { type: 'image_url', image_url: { url: 'data:image/png;base64,AAAA' } },
          { type: 'text', text: 'From the result of the tool call c2:' },
          { type: 'image_url', image_url: { url: 'data:image/png;base64,AAAA' } },
        ],
      },
      { role: 'user', content: 'Well?' },
    ])
  })
})
