import { PROMPT_ONLY } from '@promptlab/providers'
import { describe, expect, it } from 'vitest'
import type { AskedAnswerPart } from './asked-job.ts'
import { checkCapabilities, checkConversation } from './check-request.ts'
import { requestOf } from './job-request.ts'

const NO_TOOLS = { name: 'echo', capabilities: { ...PROMPT_ONLY, messages: true } }
const CARRY = { provider: 'other', value: 'sig' }

function requestWith(content: AskedAnswerPart[], callId = 'c1') {
  const result = { type: 'tool-result' as const, callId, content: 'Rain' }
  return requestOf({
    provider: 'echo',
    model: 'echo',
    messages: [
      { role: 'assistant', content },
      { role: 'tool', content: [result] },
    ],
  }).request
}

describe('checkCapabilities', () => {
  it('lets reasoning and refusals through to every provider of messages, short and long', () => {
    const content = ['Hm.', 'long '.repeat(300)].flatMap((text): AskedAnswerPart[] => [
      { type: 'reasoning', text, carry: CARRY },
      { type: 'refusal', text },
    ])
    const { request } = requestOf({ provider: 'echo', model: 'echo', messages: [{ role: 'assistant', content }] })
    expect(() => checkCapabilities(request, [], NO_TOOLS)).not.toThrow()
    expect(() => checkConversation(request, [])).not.toThrow()
  })

  it('names the path of a call behind reasoning that the provider cannot take', () => {
    const request = requestWith([
      { type: 'reasoning', text: 'Hm.' },
      { type: 'tool-call', callId: 'c1', name: 'look', arguments: '{}', carry: CARRY },
    ])
    expect(() => checkCapabilities(request, [], NO_TOOLS)).toThrow('messages[0].content[1]: echo knows no tool calls')
  })
})

describe('checkConversation', () => {
  it('finds the call of a result behind reasoning, and names a result without one', () => {
    const content: AskedAnswerPart[] = [
      { type: 'reasoning', text: '', carry: CARRY },
      { type: 'tool-call', callId: 'c1', name: 'look', arguments: '{}' },
    ]
    expect(() => checkConversation(requestWith(content), [])).not.toThrow()
    expect(() => checkConversation(requestWith(content, 'c2'), [])).toThrow('messages[1].content[0].callId')
  })
})
