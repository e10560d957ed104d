import { describe, expect, it } from 'vitest'
import { chatFaults, readChat } from '../../../test/support/read-chat.ts'

const USER = { role: 'user', content: 'Hi' }
const PNG = 'data:image/png;base64,iVBORw0KGgo='

describe('the paths of a chat completion', () => {
  const call = (id: string) => ({ id, type: 'function', function: { name: 'look', arguments: '{}' } })
  const asked = readChat({
    messages: [
      USER,
      { role: 'assistant', content: 'Wait', reasoning: 'hm', tool_calls: [call('a'), call('b')] },
      { role: 'tool', tool_call_id: 'a', content: 'ok' },
      {
        role: 'tool',
        tool_call_id: 'b',
        content: [
          { type: 'text', text: 'x' },
          { type: 'image_url', image_url: { url: PNG } },
        ],
      },
      {
        role: 'user',
        content: [
          { type: 'text', text: 'Go' },
          { type: 'image_url', image_url: { url: PNG } },
        ],
      },
    ],
    max_tokens: 5,
    stop: 'end',
    tools: [{ type: 'function', function: { name: 'look', parameters: {} } }],
  })

  it.each([
    ['provider', 'model'],
    ['model', 'model'],
    ['messages', 'messages'],
    ['messages[0].content', 'messages[0].content'],
    ['messages[1].content[0]', 'messages[1].reasoning'],
    ['messages[1].content[1].text', 'messages[1].content'],
    ['messages[1].content[2].arguments', 'messages[1].tool_calls[0].function.arguments'],
    ['messages[1].content[3].name', 'messages[1].tool_calls[1].function.name'],
    ['messages[2].content[0].callId', 'messages[2].tool_call_id'],
    ['messages[2].content[0].content', 'messages[2].content'],
    ['messages[2].content[1].content[0].text', 'messages[3].content[0].text'],
    ['messages[2].content[1].content[1].mediaType', 'messages[3].content[1].image_url.url'],
    ['messages[3].content[0].text', 'messages[4].content[0].text'],
    ['messages[3].content[1].url', 'messages[4].content[1].image_url.url'],
    ['messages[3].content[1]', 'messages[4].content[1]'],
    ['messages[9].content', 'messages[9].content'],
    ['options.maxTokens', 'max_tokens'],
    ['options.topP', 'top_p'],
    ['options.temperature', 'temperature'],
    ['options.stop[0]', 'stop'],
    ['options.stop', 'stop'],
    ['options.reasoning.effort', 'reasoning_effort'],
    ['options.reasoning', 'reasoning_effort'],
    ['options.toolChoice', 'tool_choice'],
    ['options.toolChoice.name', 'tool_choice.function.name'],
    ['options.parallelToolCalls', 'parallel_tool_calls'],
    ['options.tools', 'tools'],
    ['options.tools[0].parameters', 'tools[0].function.parameters'],
    ['options.responseFormat', 'response_format'],
    ['options.responseFormat.type', 'response_format.type'],
    ['options.responseFormat.schema', 'response_format.json_schema.schema'],
  ])('%s stands for %s', (native, param) => {
    expect(asked.paramOf(native)).toBe(param)
  })

  it('name the limit of tokens that was sent', () => {
    expect(readChat({ max_completion_tokens: 5 }).paramOf('options.maxTokens')).toBe('max_completion_tokens')
    expect(chatFaults({ max_tokens: 1, max_completion_tokens: 2 })).toEqual([
      'max_tokens: Give either max_tokens or max_completion_tokens',
    ])
  })

  it('are still those of the body when an answer got its reasoning back', () => {
    const request = readChat({
      messages: [USER, { role: 'assistant', content: 'Wait', tool_calls: [call('a'), call('b')] }],
    })
    const [user, answer] = request.job.messages ?? []
    if (!user || answer?.role !== 'assistant' || typeof answer.content === 'string') throw new Error('no answer')
    const completed = [{ type: 'reasoning', text: 'hm' } as const, ...answer.content]
    const { paramOf } = request.withMessages([user, { role: 'assistant', content: completed }])
    expect(paramOf('messages[1].content[0].text')).toBe('messages[1]')
    expect(paramOf('messages[1].content[2].arguments')).toBe('messages[1].tool_calls[0].function.arguments')
    expect(paramOf('messages[1].content[3].name')).toBe('messages[1].tool_calls[1].function.name')
  })
})
