import { z } from 'zod'
import { MAX_LIST, tooLong } from '../list-limits.ts'
import { refused } from './unsupported.ts'

const NO_FILES = 'This server keeps no files. Send the content, or its address'

const InputText = z.strictObject({ type: z.literal('input_text'), text: z.string() })
const InputImage = z.strictObject({
  type: z.literal('input_image'),
  image_url: z.string().optional(),
  // How closely a vendor looks is a hint, which no provider of this server passes on.
  detail: z.enum(['auto', 'low', 'high', 'original']).optional(),
  file_id: refused(NO_FILES),
})
const InputFile = z.strictObject({
  type: z.literal('input_file'),
  filename: z.string().optional(),
  file_data: z.string().optional(),
  file_url: z.string().optional(),
  file_id: refused(NO_FILES),
  detail: z.enum(['auto', 'low', 'high']).optional(),
})
const UserPart = z.discriminatedUnion('type', [InputText, InputImage, InputFile])

// Callers send back whole items of answers. Fields of them that say nothing to a model are taken and not used.
const unused = z.unknown().optional()
const OutputText = z.strictObject({
  type: z.enum(['output_text', 'input_text']),
  text: z.string(),
  annotations: unused,
  logprobs: unused,
  parsed: unused,
})
const Refusal = z.strictObject({ type: z.literal('refusal'), refusal: z.string() })

const id = z.string().optional()
const status = z.enum(['in_progress', 'completed', 'incomplete']).optional()

function textOr<Part extends z.ZodType>(part: Part) {
  return z.union([z.string(), z.array(part).max(MAX_LIST.parts)], {
    error: ({ input }) => tooLong(input, 'parts') ?? 'Must be a text or a list of parts',
  })
}

const message = { type: z.literal('message'), id, status }
const InputMessage = z.discriminatedUnion('role', [
  z.strictObject({ ...message, role: z.literal('user'), content: textOr(UserPart) }),
  z.strictObject({ ...message, role: z.enum(['system', 'developer']), content: textOr(InputText) }),
  z.strictObject({
    ...message,
    role: z.literal('assistant'),
    content: textOr(z.discriminatedUnion('type', [OutputText, Refusal])).optional(),
    phase: z.enum(['commentary', 'final_answer']).optional(),
  }),
])

const FunctionCall = z.strictObject({
  type: z.literal('function_call'),
  id,
  status,
  call_id: z.string(),
  name: z.string(),
  arguments: z.string(),
  // SDKs put the arguments as an object into the items that their callers send back.
  parsed_arguments: unused,
})
const FunctionCallOutput = z.strictObject({
  type: z.literal('function_call_output'),
  id,
  status,
  call_id: z.string(),
  name: unused,
  // Absent if it was an empty list.
  output: textOr(UserPart).optional(),
})
const ReasoningItem = z.strictObject({
  type: z.literal('reasoning'),
  id,
  status,
  summary: z
    .array(z.strictObject({ type: z.literal('summary_text'), text: z.string() }))
    .max(MAX_LIST.parts)
    .optional(),
  content: z
    .array(z.strictObject({ type: z.literal('reasoning_text'), text: z.string() }))
    .max(MAX_LIST.parts)
    .optional(),
  encrypted_content: z.string().optional(),
})
const ItemReference = z.strictObject({ type: z.literal('item_reference'), id: z.string() })

/** An item of the input. One that does not say its type is a message, or a reference if it only has an id. */
export const InputItem = z.preprocess(
  withType,
  z.discriminatedUnion('type', [InputMessage, FunctionCall, FunctionCallOutput, ReasoningItem, ItemReference], {
    error: ({ code }) => (code === 'invalid_union' ? NO_TYPE : undefined),
  }),
)
export type InputItem = z.infer<typeof InputItem>
export type InputPart = z.infer<typeof UserPart>
export type InputMessage = z.infer<typeof InputMessage>

const NO_TYPE = 'Must be message, function_call, function_call_output, reasoning or item_reference'

function withType(item: unknown): unknown {
  if (typeof item !== 'object' || item === null || Array.isArray(item) || 'type' in item) return item
  return { type: 'role' in item || !('id' in item) ? 'message' : 'item_reference', ...item }
}
