import { z } from 'zod'
import { toolName } from './content.ts'

/** The longest JSON Schema, in UTF-16 code units of its JSON text. */
const MAX_SCHEMA_LENGTH = 65_536
/** The most tools of a job. */
const MAX_TOOLS = 128

const schema = z
  .record(z.string(), z.unknown())
  .refine(
    (value) => JSON.stringify(value).length <= MAX_SCHEMA_LENGTH,
    `Is longer than ${MAX_SCHEMA_LENGTH} characters of JSON`,
  )

/** A tool that the model may call. The caller runs it, and sends the result in the next job. */
export const Tool = z.strictObject({
  name: toolName,
  description: z.string().max(10_000).optional().describe('Tells the model what the tool does and when to call it.'),
  parameters: schema.optional().describe('The JSON Schema of the arguments, an object. Absent: there are none.'),
})
export type Tool = z.infer<typeof Tool>

/** The types of `ResponseFormat`. */
export const RESPONSE_FORMATS = ['text', 'json', 'json-schema'] as const

export const ResponseFormat = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('text') }),
  z.strictObject({ type: z.literal('json') }),
  z.strictObject({
    type: z.literal('json-schema'),
    name: toolName,
    schema,
    strict: z.boolean().optional().describe('Whether the vendor must keep to the schema. The default is its own.'),
  }),
])
export type ResponseFormat = z.infer<typeof ResponseFormat>

const ReasoningEffort = z.enum(['none', 'minimal', 'low', 'medium', 'high', 'xhigh'])

/** The most that the fields for a vendor may be, in UTF-16 code units of their JSON text. */
const MAX_VENDOR_LENGTH = 16_384
/** How deeply the fields for a vendor may be nested. */
const MAX_VENDOR_DEPTH = 16

const VendorFields = z
  .record(z.string(), z.unknown())
  .refine((fields) => isNestedAtMost(MAX_VENDOR_DEPTH, fields), `Is nested more than ${MAX_VENDOR_DEPTH} levels deep`)
  .refine(
    (fields) => JSON.stringify(fields).length <= MAX_VENDOR_LENGTH,
    `Is longer than ${MAX_VENDOR_LENGTH} characters of JSON`,
  )

function isNestedAtMost(levels: number, value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return true
  return levels > 0 && Object.values(value).every((inner) => isNestedAtMost(levels - 1, inner))
}

/** Options of a job. The vendor's default applies to each option that is left out. */
export const JobOptions = z.strictObject({
  system: z.string().min(1).optional().describe('Instructions to the model, which come before the prompt.'),
  temperature: z.number().min(0).max(2).optional().describe('Sampling temperature, 0 to 2.'),
  maxTokens: z.int().min(1).optional().describe('The most output tokens the vendor may produce.'),
  topP: z.number().min(0).max(1).optional().describe('The share of the probability that is sampled from, 0 to 1.'),
  stop: z
    .array(z.string().min(1).max(1_000))
    .min(1)
    .max(16)
    .optional()
    .describe('Texts at which the answer ends. They do not belong to it.'),
  seed: z.int().optional().describe('Makes sampling repeatable, as far as the vendor can.'),
  presencePenalty: z.number().min(-2).max(2).optional(),
  frequencyPenalty: z.number().min(-2).max(2).optional(),
  reasoning: z.strictObject({ effort: ReasoningEffort }).optional().describe('How much the model thinks first.'),
  tools: z.array(Tool).min(1).max(MAX_TOOLS).optional().describe('The tools that the model may call.'),
  toolChoice: z
    .union([z.enum(['auto', 'none', 'required']), z.strictObject({ name: toolName })], {
      error: 'Must be auto, none, required, or an object with the name of a tool',
    })
    .optional()
    .describe('Whether the model may, must not or must call a tool, or the tool that it must call.'),
  parallelToolCalls: z.boolean().optional().describe('Whether the model may call several tools at once.'),
  responseFormat: ResponseFormat.optional().describe('The form of the answer.'),
  vendor: VendorFields.optional().describe(
    'Fields that are put into the request to the vendor unchanged, such as `cache_control` for Anthropic. A field that the server sets itself is refused.',
  ),
})
export type JobOptions = z.infer<typeof JobOptions>
