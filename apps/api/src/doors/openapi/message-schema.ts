import { z } from 'zod'
import { estimated } from './estimated.ts'
import { answerSchema } from './json-schema.ts'

const nothing = z.null()

const Message = z.object({
  id: z.string().describe('`msg_` and the digits of the id of the job.'),
  type: z.literal('message'),
  role: z.literal('assistant'),
  model: z.string(),
  content: z.array(
    z.discriminatedUnion('type', [
      z.object({ type: z.literal('text'), text: z.string(), citations: nothing }),
      z.object({ type: z.literal('thinking'), thinking: z.string(), signature: z.string() }),
      z.object({
        type: z.literal('tool_use'),
        id: z.string(),
        name: z.string(),
        input: z.record(z.string(), z.unknown()),
        caller: z.object({ type: z.literal('direct') }),
      }),
    ]),
  ),
  stop_reason: z.enum(['end_turn', 'max_tokens', 'tool_use', 'refusal']),
  stop_sequence: nothing,
  stop_details: z.object({ type: z.literal('refusal'), category: nothing, explanation: nothing }).nullable(),
  container: nothing,
  diagnostics: nothing,
  usage: z.object({
    input_tokens: z.int(),
    cache_creation_input_tokens: z.int(),
    cache_read_input_tokens: z.int(),
    output_tokens: z.int(),
    output_tokens_details: z.object({ thinking_tokens: z.int() }).nullable(),
    estimated,
    cache_creation: nothing,
    inference_geo: nothing,
    server_tool_use: nothing,
    service_tier: nothing,
    speed: nothing,
  }),
})

const AnthropicError = z.object({
  type: z.literal('error'),
  error: z.object({
    type: z.string(),
    message: z.string(),
    details: z.object({ error_code: z.string() }).optional(),
  }),
  request_id: z.string().optional(),
})

/** The schemas of the answers of `/v1/messages`, and of Anthropic's errors. */
export const MESSAGE_SCHEMAS = { Message: answerSchema(Message), AnthropicError: answerSchema(AnthropicError) }
