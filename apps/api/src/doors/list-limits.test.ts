import { expect, it } from 'vitest'
import { MessagesBody } from './anthropic-messages/messages-body.ts'
import { MAX_LIST } from './list-limits.ts'
import { ChatBody } from './openai-chat/chat-body.ts'
import { ResponseBody } from './openai-responses/response-body.ts'

const wrong = (length: number) => Array.from({ length }, () => ({}))

it.each([
  ['a list of tools', ResponseBody, { input: 'Hi', tools: wrong(MAX_LIST.tools + 1) }, ['tools']],
  ['an input', ResponseBody, { input: wrong(MAX_LIST.items + 1) }, ['input']],
  ['messages', ChatBody, { messages: wrong(MAX_LIST.items + 1) }, ['messages']],
  ['parts', ChatBody, { messages: [{ role: 'user', content: wrong(MAX_LIST.parts + 1) }] }, ['messages', 0, 'content']],
  ['messages of Anthropic', MessagesBody, { max_tokens: 1, messages: wrong(MAX_LIST.items + 1) }, ['messages']],
])('the elements of %s that are too many are not looked at', (_, schema, body, path) => {
  const { error } = schema.safeParse({ model: 'm', ...body })
  expect(error?.issues.map((issue) => issue.path)).toEqual([path])
})
