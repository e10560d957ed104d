import { z } from 'zod'
import { estimated } from './estimated.ts'
import { answerSchema } from './json-schema.ts'

const status = z.enum(['in_progress', 'completed', 'incomplete'])

const Message = z.object({
  id: z.string(),
  type: z.literal('message'),
  status,
  role: z.literal('assistant'),
  content: z.array(
    z.discriminatedUnion('type', [
      z.object({
        type: z.literal('output_text'),
        text: z.string(),
        annotations: z.array(z.unknown()),
        logprobs: z.array(z.unknown()),
      }),
      z.object({ type: z.literal('refusal'), refusal: z.string() }),
    ]),
  ),
})
const Reasoning = z.object({
  id: z.string(),
  type: z.literal('reasoning'),
  summary: z.array(z.object({ type: z.literal('summary_text'), text: z.string() })),
  encrypted_content: z.string().optional().describe('Present if `include` asks for it and the vendor gave something.'),
})
const FunctionCall = z.object({
  id: z.string(),
  type: z.literal('function_call'),
  status,
  call_id: z.string(),
  name: z.string(),
  arguments: z.string().describe('JSON, as the vendor sent it.'),
})

const Usage = z.object({
  input_tokens: z.int(),
  input_tokens_details: z.object({ cached_tokens: z.int() }),
  output_tokens: z.int(),
  output_tokens_details: z.object({ reasoning_tokens: z.int() }),
  total_tokens: z.int(),
  estimated,
})

const OpenAiErrorObject = z.object({
  message: z.string(),
  type: z.string(),
  param: z
    .string()
    .nullable()
    .describe('The parameter that is wrong, as a path such as `input[2].content[0].image_url`.'),
  code: z.string(),
})

const text = z.string().nullable()

const ResponseSchema = z.object({
  id: z.string().describe('`resp_` and the digits of the id of the job.'),
  object: z.literal('response'),
  created_at: z.int().describe('Seconds since the epoch.'),
  completed_at: z.int().nullable(),
  status: z.enum(['queued', 'in_progress', 'completed', 'incomplete', 'failed', 'cancelled']),
  error: OpenAiErrorObject.nullable(),
  incomplete_details: z.object({ reason: z.enum(['max_output_tokens', 'content_filter']) }).nullable(),
  output: z.array(z.discriminatedUnion('type', [Message, Reasoning, FunctionCall])),
  usage: Usage.nullable(),
  background: z.boolean(),
  model: z.string(),
  previous_response_id: text,
  store: z.boolean(),
  temperature: z.number(),
  top_p: z.number(),
  presence_penalty: z.number(),
  frequency_penalty: z.number(),
  top_logprobs: z.literal(0),
  max_output_tokens: z.int().nullable(),
  instructions: text,
  reasoning: z.object({ effort: text, summary: text }),
  text: z.object({
    format: z.looseObject({ type: z.enum(['text', 'json_object', 'json_schema']) }),
    verbosity: z.literal('medium'),
  }),
  tool_choice: z.union([
    z.enum(['auto', 'none', 'required']),
    z.object({ type: z.literal('function'), name: z.string() }),
  ]),
  tools: z.array(z.looseObject({ type: z.literal('function'), name: z.string() })),
  parallel_tool_calls: z.boolean(),
  truncation: z.literal('disabled'),
  service_tier: z.literal('default'),
  max_tool_calls: z.int().nullable(),
  metadata: z.record(z.string(), z.string()),
  user: text,
  safety_identifier: text,
  prompt_cache_key: text,
})

const InputItems = z.object({
  object: z.literal('list'),
  data: z.array(z.looseObject({ id: z.string(), type: z.string() })),
  first_id: text,
  last_id: text,
  has_more: z.boolean(),
})

/** The schemas of the answers of `/v1/responses`, and of OpenAI's errors. */
export const RESPONSE_SCHEMAS = {
  Response: answerSchema(ResponseSchema),
  ResponseDeleted: answerSchema(z.object({ id: z.string(), object: z.literal('response'), deleted: z.literal(true) })),
  ResponseInputItems: answerSchema(InputItems),
  OpenAiError: answerSchema(z.object({ error: OpenAiErrorObject })),
}
