import { z } from 'zod'
import { MAX_LIST, tooLong } from '../list-limits.ts'
import { strictSchemaFault } from '../strict-schema-fault.ts'

const MAX_METADATA = 16

/** A field that must be absent, with the reason. */
function refused(reason: string) {
  return z.never({ error: reason }).optional()
}

/** A field that may only have values that change nothing. */
function onlyDefault<Value extends string | number | boolean>(values: readonly [Value, ...Value[]], reason: string) {
  return z.literal([...values], { error: reason }).optional()
}

const TextPart = z.strictObject({ type: z.literal('text'), text: z.string() })

const ImagePart = z.strictObject({
  type: z.literal('image_url'),
  image_url: z.strictObject({
    url: z.string(),
    // How closely a vendor looks is a hint, which no provider of this server passes on.
    detail: z.enum(['auto', 'low', 'high', 'original']).optional(),
  }),
})

const FilePart = z.strictObject({
  type: z.literal('file'),
  file: z.strictObject({
    file_data: z.string(),
    filename: z.string().optional(),
    file_id: refused('This server keeps no files. Send file_data'),
  }),
})

const RefusalPart = z.strictObject({ type: z.literal('refusal'), refusal: z.string() })

const UserContent = textOr(z.discriminatedUnion('type', [TextPart, ImagePart, FilePart]))
const TextContent = textOr(TextPart)

function textOr<Part extends z.ZodType>(part: Part) {
  return z.union([z.string(), z.array(part).max(MAX_LIST.parts)], {
    error: ({ input }) => tooLong(input, 'parts') ?? needed(input, 'a text or a list of parts'),
  })
}

function needed(input: unknown, what: string): string {
  return input === undefined ? 'Is required' : `Must be ${what}`
}

/** The name of a participant changes nothing: no provider passes it on. */
const name = z.string().optional()

const ToolCall = z.strictObject({
  id: z.string(),
  type: z.literal('function').optional(),
  // SDKs put the arguments as an object into answers that their callers send back.
  function: z.strictObject({
    name: z.string(),
    arguments: z.string().optional(),
    parsed_arguments: z.unknown().optional(),
  }),
  index: z.int().optional(),
})

/** OpenAI's Agents SDK puts the other fields of the whole message into each part. */
const AnswerPart = z.discriminatedUnion('type', [TextPart.strip(), RefusalPart.strip()])

const AssistantMessage = z.strictObject({
  role: z.literal('assistant'),
  content: textOr(AnswerPart).optional(),
  refusal: z.string().optional(),
  reasoning_content: z.string().optional(),
  reasoning: z.string().optional(),
  tool_calls: z.array(ToolCall).max(MAX_LIST.parts).optional(),
  name,
  // Callers send back whole messages of answers. These fields of them say nothing to a model.
  annotations: z.unknown().optional(),
  parsed: z.unknown().optional(),
  audio: refused('Audio is not supported'),
  function_call: refused('Functions are not supported. Use tool_calls'),
})

const Message = z.discriminatedUnion('role', [
  z.strictObject({ role: z.enum(['system', 'developer']), content: TextContent, name }),
  z.strictObject({ role: z.literal('user'), content: UserContent, name }),
  AssistantMessage,
  z.strictObject({ role: z.literal('tool'), content: UserContent, tool_call_id: z.string(), name }),
])

const schema = z.record(z.string(), z.unknown())

const Tool = z.strictObject({
  type: z.literal('function', { error: 'Must be function. This server runs no tools, and takes no custom ones' }),
  function: z
    .strictObject({
      name: z.string(),
      description: z.string().optional(),
      parameters: schema.optional(),
      strict: z.boolean().optional(),
    })
    .check(
      z.superRefine(({ strict, parameters }, context) => {
        const message = strict ? strictSchemaFault(parameters) : undefined
        if (message !== undefined) context.addIssue({ code: 'custom', path: ['parameters'], message })
      }),
    ),
})

const ToolChoice = z.union(
  [
    z.enum(['auto', 'none', 'required']),
    z.strictObject({ type: z.literal('function'), function: z.strictObject({ name: z.string() }) }),
  ],
  { error: 'Must be auto, none, required, or {"type":"function","function":{"name":…}}' },
)

const ResponseFormat = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('text') }),
  z.strictObject({ type: z.literal('json_object') }),
  z.strictObject({
    type: z.literal('json_schema'),
    json_schema: z
      .strictObject({
        name: z.string(),
        description: z.string().optional(),
        schema,
        strict: z.boolean().optional(),
      })
      .check(
        z.superRefine((format, context) => {
          const message = format.strict ? strictSchemaFault(format.schema) : undefined
          if (message !== undefined) context.addIssue({ code: 'custom', path: ['schema'], message })
        }),
      ),
  }),
])

/** The body of `POST /v1/chat/completions`, without the fields that are null or empty. Limits are those of a job. */
export const ChatBody = z.strictObject({
  model: z.string().min(1),
  messages: z.array(Message).max(MAX_LIST.items),
  max_tokens: z.number().optional(),
  max_completion_tokens: z.number().optional(),
  temperature: z.number().optional(),
  top_p: z.number().optional(),
  stop: z
    .union([z.string(), z.array(z.string()).max(MAX_LIST.others)], { error: 'Must be a text or a list of texts' })
    .optional(),
  seed: z.number().optional(),
  presence_penalty: z.number().optional(),
  frequency_penalty: z.number().optional(),
  tools: z.array(Tool).max(MAX_LIST.tools).optional(),
  tool_choice: ToolChoice.optional(),
  parallel_tool_calls: z.boolean().optional(),
  response_format: ResponseFormat.optional(),
  reasoning_effort: z.enum(['none', 'minimal', 'low', 'medium', 'high', 'xhigh']).optional(),
  stream: z.boolean().optional(),
  stream_options: z
    .strictObject({ include_usage: z.boolean().optional(), include_obfuscation: z.boolean().optional() })
    .optional(),
  store: z.boolean().optional(),
  metadata: z
    .record(z.string().max(64), z.string().max(512))
    .refine((value) => Object.keys(value).length <= MAX_METADATA, `Has more than ${MAX_METADATA} keys`)
    .optional(),
  // Hints for OpenAI's own caches and its detection of abuse. They change no answer.
  user: z.string().optional(),
  safety_identifier: z.string().optional(),
  prompt_cache_key: z.string().optional(),
  prompt_cache_retention: onlyDefault(['in_memory'], 'Must be in_memory. This server cannot have prompts kept longer'),
  service_tier: onlyDefault(['auto', 'default'], 'Must be auto or default. This server has no other service tiers'),
  verbosity: onlyDefault(['medium'], 'Must be medium. Ask for short or long answers in the messages'),
  modalities: z
    .tuple([z.literal('text')], { error: 'Must be ["text"]. This server answers with text only' })
    .optional(),
  n: onlyDefault([1], 'Must be 1. Send a request for each choice'),
  logprobs: onlyDefault([false], 'Must be false. Probabilities of tokens are not supported'),
  top_logprobs: onlyDefault([0], 'Must be 0. Probabilities of tokens are not supported'),
  logit_bias: refused('Is not supported'),
  audio: refused('Audio is not supported'),
  prediction: refused('Predicted output is not supported'),
  moderation: refused('Moderation is not supported'),
  prompt_cache_options: refused('Is not supported'),
  web_search_options: refused('This server runs no tools'),
  functions: refused('Functions are not supported. Use tools'),
  function_call: refused('Functions are not supported. Use tool_choice'),
})
export type ChatBody = z.infer<typeof ChatBody>
export type ChatMessage = ChatBody['messages'][number]
export type ChatPart = Exclude<NonNullable<ChatMessage['content']>, string>[number]
