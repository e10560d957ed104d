import { z } from 'zod'
import { MAX_LIST, tooLong } from '../list-limits.ts'
import { strictSchemaFault } from '../strict-schema-fault.ts'
import { InputItem } from './input-item.ts'
import { onlyDefault, refused } from './unsupported.ts'

const MAX_METADATA = 16
/** The longest values of fields that are only repeated. */
const MAX_LENGTH = 512

const schema = z.record(z.string(), z.unknown())

function isStrict(name: string) {
  return z.superRefine<{ strict?: boolean | undefined } & Record<string, unknown>>((value, context) => {
    const message = value.strict ? strictSchemaFault(value[name]) : undefined
    if (message !== undefined) context.addIssue({ code: 'custom', path: [name], message })
  })
}

const Tool = z
  .strictObject({
    type: z.literal('function', { error: 'Must be function. This server runs no tools, and takes no custom ones' }),
    name: z.string(),
    description: z.string().optional(),
    parameters: schema.optional(),
    strict: z.boolean().optional(),
    defer_loading: onlyDefault([false], 'Must be false. This server has no search for tools'),
  })
  .check(isStrict('parameters'))

const ToolChoice = z.union(
  [z.enum(['auto', 'none', 'required']), z.strictObject({ type: z.literal('function'), name: z.string() })],
  { error: 'Must be auto, none, required, or {"type":"function","name":…}' },
)

const TextFormat = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('text') }),
  z.strictObject({ type: z.literal('json_object') }),
  z
    .strictObject({
      type: z.literal('json_schema'),
      name: z.string(),
      description: z.string().optional(),
      schema,
      strict: z.boolean().optional(),
    })
    .check(isStrict('schema')),
])

/** What a response may include. The values about tools of OpenAI's servers have no effect here. */
export const Include = z.enum([
  'reasoning.encrypted_content',
  'file_search_call.results',
  'web_search_call.results',
  'web_search_call.action.sources',
  'message.input_image.image_url',
  'computer_call_output.output.image_url',
  'code_interpreter_call.outputs',
])

const Summary = z.enum(['auto', 'concise', 'detailed'])

/** The body of `POST /v1/responses`, without the fields that are null or empty. Limits are those of a job. */
export const ResponseBody = z
  .strictObject({
    model: z.string().min(1),
    input: z.union([z.string(), z.array(InputItem).max(MAX_LIST.items)], {
      error: ({ input }) =>
        input === undefined ? 'Is required' : (tooLong(input, 'items') ?? 'Must be a text or a list of items'),
    }),
    instructions: z.string().optional(),
    previous_response_id: z.string().optional(),
    max_output_tokens: z.number().optional(),
    temperature: z.number().optional(),
    top_p: z.number().optional(),
    tools: z.array(Tool).max(MAX_LIST.tools).optional(),
    tool_choice: ToolChoice.optional(),
    parallel_tool_calls: z.boolean().optional(),
    max_tool_calls: z.int().positive().optional(),
    text: z
      .strictObject({
        format: TextFormat.optional(),
        verbosity: onlyDefault(['medium'], 'Must be medium. Ask for short or long answers in the instructions'),
      })
      .optional(),
    reasoning: z
      .strictObject({
        effort: z.enum(['none', 'minimal', 'low', 'medium', 'high', 'xhigh']).optional(),
        // What a vendor shows of its reasoning is always in the answer.
        summary: Summary.optional(),
        generate_summary: Summary.optional(),
        context: onlyDefault(['auto'], 'Must be auto'),
        mode: onlyDefault(['standard'], 'Must be standard'),
      })
      .optional(),
    stream: z.boolean().optional(),
    stream_options: z.strictObject({ include_obfuscation: z.boolean().optional() }).optional(),
    background: z.boolean().optional(),
    store: z.boolean().optional(),
    include: z.array(Include).max(MAX_LIST.others).optional(),
    metadata: z
      .record(z.string().max(64), z.string().max(MAX_LENGTH))
      .refine((value) => Object.keys(value).length <= MAX_METADATA, `Has more than ${MAX_METADATA} keys`)
      .optional(),
    // Hints for OpenAI's own caches and its detection of abuse. They change no answer, and are repeated.
    user: z.string().max(MAX_LENGTH).optional(),
    safety_identifier: z.string().max(MAX_LENGTH).optional(),
    prompt_cache_key: z.string().max(MAX_LENGTH).optional(),
    prompt_cache_retention: onlyDefault(
      ['in_memory'],
      'Must be in_memory. This server cannot have prompts kept longer',
    ),
    service_tier: onlyDefault(['auto', 'default'], 'Must be auto or default. This server has no other service tiers'),
    truncation: onlyDefault(['disabled'], 'Must be disabled. Send fewer messages'),
    top_logprobs: onlyDefault([0], 'Must be 0. Probabilities of tokens are not supported'),
    conversation: refused('Conversations are not kept. Use previous_response_id'),
    prompt: refused('Prompt templates are not kept. Send instructions and input'),
    context_management: refused('Is not supported'),
    moderation: refused('Moderation is not supported'),
    prompt_cache_options: refused('Is not supported'),
    access_programs: refused('Is not supported'),
    image: refused('This server makes no images'),
    audio: refused('Audio is not supported'),
    modalities: refused('This server answers with text only'),
  })
  .check(
    z.superRefine(({ background, store }, context) => {
      if (background && store === false)
        context.addIssue({ code: 'custom', path: ['background'], message: 'Needs store: the answer is read later' })
    }),
  )
export type ResponseBody = z.infer<typeof ResponseBody>
