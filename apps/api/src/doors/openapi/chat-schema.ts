import { z } from 'zod'
import { estimated } from './estimated.ts'
import { answerSchema } from './json-schema.ts'

const ToolCall = z.object({
  id: z.string(),
  type: z.literal('function'),
  function: z.object({ name: z.string(), arguments: z.string() }),
})

const ChatCompletion = z.object({
  id: z.string().describe('`chatcmpl-` and the digits of the id of the job.'),
  object: z.literal('chat.completion'),
  created: z.int().describe('Seconds since the epoch.'),
  model: z.string(),
  choices: z.tuple([
    z.object({
      index: z.literal(0),
      message: z.object({
        role: z.literal('assistant'),
        content: z.string().nullable(),
        refusal: z.string().nullable(),
        reasoning_content: z.string().optional().describe('The reasoning, as far as the vendor shows it.'),
        reasoning: z
          .string()
          .optional()
          .describe('The same as `reasoning_content`: clients read the one or the other.'),
        tool_calls: z.array(ToolCall).optional(),
        annotations: z.array(z.unknown()),
      }),
      logprobs: z.null(),
      finish_reason: z.enum(['stop', 'length', 'content_filter', 'tool_calls']),
    }),
  ]),
  usage: z.object({
    prompt_tokens: z.int(),
    completion_tokens: z.int(),
    total_tokens: z.int(),
    prompt_tokens_details: z.object({ cached_tokens: z.int(), cache_write_tokens: z.int().optional() }),
    completion_tokens_details: z.object({ reasoning_tokens: z.int() }),
    estimated,
  }),
  service_tier: z.null(),
  system_fingerprint: z.null(),
  metadata: z.record(z.string(), z.string()).optional(),
})

const ChatCompletionDeleted = z.object({
  object: z.literal('chat.completion.deleted'),
  id: z.string(),
  deleted: z.literal(true),
})

/** The schemas of the answers of `/v1/chat/completions`. */
export const CHAT_SCHEMAS = {
  ChatCompletion: answerSchema(ChatCompletion),
  ChatCompletionDeleted: answerSchema(ChatCompletionDeleted),
}
