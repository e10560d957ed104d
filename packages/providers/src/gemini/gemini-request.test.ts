import { describe, expect, it } from 'vitest'
import type { CompletionOptions } from '../llm-provider.ts'
import type { Message } from '../message.ts'
import { geminiRequest } from './gemini-request.ts'

function request(
  prompt: string | readonly Message[],
  { model = 'gemini-3.5-flash', ...options }: Partial<CompletionOptions> = {},
) {
  return geminiRequest(prompt, { model, signal: new AbortController().signal, ...options }, true)
}

const contents = (...conversation: Message[]) => request(conversation).contents

describe('geminiRequest', () => {
  it('sends every option under its name in the API', () => {
    const parameters = { type: 'object', properties: { a: { type: 'number' } } }
    const options: Partial<CompletionOptions> = {
      system: 'Be brief.',
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
      responseFormat: { type: 'json-schema', name: 'sum', schema: { type: 'object' } },
    }
    expect(request('Hi', options)).toEqual({
      contents: [{ role: 'user', parts: [{ text: 'Hi' }] }],
      systemInstruction: 'Be brief.',
      generationConfig: {
        temperature: 0,
        maxOutputTokens: 5,
        topP: 0.5,
        stopSequences: ['END'],
        seed: 7,
        presencePenalty: -1,
        frequencyPenalty: 1,
        responseMimeType: 'application/json',
        responseJsonSchema: { type: 'object' },
        thinkingConfig: { includeThoughts: true, thinkingLevel: 'low' },
      },
      tools: [
        {
          functionDeclarations: [
            { name: 'add', description: 'Adds.', parametersJsonSchema: parameters },
            { name: 'now' },
          ],
        },
      ],
      toolConfig: { functionCallingConfig: { mode: 'ANY', allowedFunctionNames: ['add'] } },
    })
  })

  it.each([
    ['auto', 'AUTO'],
    ['none', 'NONE'],
    ['required', 'ANY'],
  ] as const)('sends the tool choice %s as the mode %s', (toolChoice, mode) => {
    const { toolConfig } = request('Hi', { tools: [{ name: 'now' }], toolChoice })
    expect(toolConfig).toEqual({ functionCallingConfig: { mode } })
  })

  it('asks for JSON without a schema, and for nothing if the answer is text', () => {
    const config = (type: 'json' | 'text') => request('Hi', { responseFormat: { type } }).generationConfig
    expect(config('json')).toMatchObject({ responseMimeType: 'application/json' })
    expect(config('text')).not.toHaveProperty('responseMimeType')
  })

  it.each<[string, 'none' | 'minimal' | 'high' | 'xhigh' | undefined, object | undefined]>([
    ['gemini-3.8-flash', undefined, { includeThoughts: true }],
    ['gemini-3.8-flash', 'none', { includeThoughts: false, thinkingLevel: 'low' }],
    ['gemini-3.5-flash', 'none', { includeThoughts: false, thinkingLevel: 'minimal' }],
    ['gemini-3.1-flash-lite', 'minimal', { includeThoughts: true, thinkingLevel: 'minimal' }],
    ['gemini-3-flash-preview', 'minimal', { includeThoughts: true, thinkingLevel: 'minimal' }],
    ['gemini-3.8-flash', 'xhigh', { includeThoughts: true, thinkingLevel: 'high' }],
    ['gemini-3.1-pro-preview', 'minimal', { includeThoughts: true, thinkingLevel: 'low' }],
    ['gemini-pro-latest', 'none', { includeThoughts: false, thinkingLevel: 'low' }],
    ['gemini-2.5-flash', 'none', { includeThoughts: false, thinkingBudget: 0 }],
    ['gemini-2.5-pro', 'none', { includeThoughts: false, thinkingBudget: 128 }],
    ['gemini-2.5-pro', 'xhigh', { includeThoughts: true, thinkingBudget: 32_768 }],
    ['gemini-2.5-flash', undefined, { includeThoughts: true }],
    ['gemini-2.0-flash', undefined, undefined],
    ['gemini-2.0-flash', 'none', undefined],
    ['gemini-2.0-flash', 'high', { includeThoughts: true, thinkingBudget: 24_576 }],
    ['gemini-1.5-pro', undefined, undefined],
    ['gemma-3-27b-it', undefined, undefined],
  ])('asks %s with the effort %s for the thinking that it takes', (model, effort, expected) => {
    const { generationConfig } = request('Hi', { model, ...(effort && { reasoning: { effort } }) })
    expect(Reflect.get(generationConfig ?? {}, 'thinkingConfig')).toEqual(expected)
  })

  it('collects the system texts of a conversation behind that of the options', () => {
    const conversation: Message[] = [
      { role: 'user', content: [{ type: 'text', text: 'Hi' }] },
      {
        role: 'system',
        content: [
          { type: 'text', text: 'Be ' },
          { type: 'text', text: 'kind.' },
        ],
      },
    ]
    expect(request(conversation, { system: 'Be brief.' })).toMatchObject({
      systemInstruction: 'Be brief.\n\nBe kind.',
      contents: [{ role: 'user', parts: [{ text: 'Hi' }] }],
    })
  })

  it('sends images and files as data or by their address, and files of text as text', () => {
    const data = Buffer.from('a,b').toString('base64')
    expect(
      contents({
        role: 'user',
        content: [
          { type: 'text', text: 'Look:' },
          { type: 'image', mediaType: 'image/png', data: 'AAAA' },
          { type: 'image', url: 'https://example.com/a.PNG?size=1' },
          { type: 'image', url: 'https://example.com/a' },
          { type: 'file', mediaType: 'application/pdf', url: 'https://example.com/a' },
          { type: 'file', mediaType: 'text/csv', data },
        ],
      }),
    ).toEqual([
      {
        role: 'user',
        parts: [
          { text: 'Look:' },
          { inlineData: { mimeType: 'image/png', data: 'AAAA' } },
          { fileData: { mimeType: 'image/png', fileUri: 'https://example.com/a.PNG?size=1' } },
          { fileData: { mimeType: '', fileUri: 'https://example.com/a' } },
          { fileData: { mimeType: 'application/pdf', fileUri: 'https://example.com/a' } },
          { text: 'a,b' },
        ],
      },
    ])
  })

  it('sends earlier answers with their signatures, and reasoning only with one', () => {
    expect(
      contents(
        {
          role: 'assistant',
          content: [
            { type: 'reasoning', text: 'hm' },
            { type: 'reasoning', text: 'so', carry: 's1' },
            { type: 'text', text: 'Wait.', carry: 's2' },
            { type: 'tool-call', callId: 'c1', name: 'add', arguments: '{"a":1}', carry: 's3' },
            { type: 'tool-call', callId: 'c2', name: 'now', arguments: '' },
          ],
        },
        { role: 'assistant', content: [{ type: 'reasoning', text: 'only this' }] },
        { role: 'assistant', content: [{ type: 'refusal', text: 'No.' }] },
      ),
    ).toEqual([
      {
        role: 'model',
        parts: [
          { text: 'so', thought: true, thoughtSignature: 's1' },
          { text: 'Wait.', thoughtSignature: 's2' },
          { functionCall: { id: 'c1', name: 'add', args: { a: 1 } }, thoughtSignature: 's3' },
          { functionCall: { id: 'c2', name: 'now', args: {} } },
        ],
      },
      { role: 'model', parts: [{ text: 'No.' }] },
    ])
  })

  it('tells models that refuse calls without a signature not to look for one', () => {
    const call: Message = {
      role: 'assistant',
      content: [{ type: 'tool-call', callId: 'c1', name: 'now', arguments: '{}' }],
    }
    const functionCall = { id: 'c1', name: 'now', args: {} }
    const parts = (model: string) => request([call], { model }).contents[0]?.parts
    expect(parts('gemini-3.5-flash')).toEqual([{ functionCall, thoughtSignature: 'skip_thought_signature_validator' }])
    expect(parts('gemini-2.5-flash')).toEqual([{ functionCall }])
  })

  it('sends no id that the vendor did not give', () => {
    const callId = 'call_0123456789abcdef01234567'
    expect(
      contents(
        { role: 'assistant', content: [{ type: 'tool-call', callId, name: 'now', arguments: '{}', carry: 's' }] },
        { role: 'tool', content: [{ type: 'tool-result', callId, content: [{ type: 'text', text: 'noon' }] }] },
      ),
    ).toEqual([
      { role: 'model', parts: [{ functionCall: { name: 'now', args: {} }, thoughtSignature: 's' }] },
      { role: 'user', parts: [{ functionResponse: { name: 'now', response: { output: 'noon' } } }] },
    ])
  })

  it('sends the results of all calls in one content, with the names of their tools, and their images behind it', () => {
    const image = { type: 'image', mediaType: 'image/png', data: 'AAAA' } as const
    expect(
      contents(
        {
          role: 'assistant',
          content: [
            { type: 'tool-call', callId: 'c1', name: 'add', arguments: '{}', carry: 's' },
            { type: 'tool-call', callId: 'c2', name: 'draw', arguments: '[1]' },
          ],
        },
        {
          role: 'tool',
          content: [{ type: 'tool-result', callId: 'c1', content: [{ type: 'text', text: '{"sum":3}' }] }],
        },
        {
          role: 'tool',
          content: [
            { type: 'tool-result', callId: 'c2', content: [{ type: 'text', text: 'See' }, image] },
            { type: 'tool-result', callId: 'c3', content: [{ type: 'text', text: '[1]' }] },
          ],
        },
        { role: 'user', content: [{ type: 'text', text: 'Well?' }] },
      ).slice(1),
    ).toEqual([
      {
        role: 'user',
        parts: [
          { functionResponse: { id: 'c1', name: 'add', response: { sum: 3 } } },
          { functionResponse: { id: 'c2', name: 'draw', response: { output: 'See' } } },
          { functionResponse: { id: 'c3', name: 'c3', response: { output: '[1]' } } },
        ],
      },
      { role: 'user', parts: [{ inlineData: { mimeType: 'image/png', data: 'AAAA' } }] },
      { role: 'user', parts: [{ text: 'Well?' }] },
    ])
  })
})
