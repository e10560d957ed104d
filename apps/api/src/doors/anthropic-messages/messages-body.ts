import { IMAGE_TYPES } from '@promptlab/contract'
import { z } from 'zod'
import { MAX_LIST, tooLong } from '../list-limits.ts'

/**
 * The body of `POST /v1/messages`. It is strict: a field that is not known, or that only Anthropic's own services can keep, is
 * refused with its name. `null` means absent. The limits of texts, names and numbers are those of every job, which `DoorJobs`
 * checks.
 */

/** A field that only Anthropic's own services can keep. It may be there without a value. */
const unsupported = z.null('Is not supported here').optional()

/** A hint where a prefix may be cached. It does not change the answer. */
const cacheControl = z.strictObject({ type: z.literal('ephemeral'), ttl: z.enum(['5m', '1h']).nullish() }).nullish()
const hinted = { cache_control: cacheControl }

const TextBlock = z.strictObject({
  type: z.literal('text'),
  text: z.string(),
  // Clients send the citations of earlier answers back. They are not text of the conversation.
  citations: z.array(z.unknown()).nullish(),
  ...hinted,
})

const ImageBlock = z.strictObject({
  type: z.literal('image'),
  source: z.discriminatedUnion('type', [
    z.strictObject({ type: z.literal('base64'), media_type: z.enum(IMAGE_TYPES), data: z.string() }),
    z.strictObject({ type: z.literal('url'), url: z.string() }),
  ]),
  transformations: unsupported,
  ...hinted,
})

const DocumentBlock = z.strictObject({
  type: z.literal('document'),
  source: z.discriminatedUnion('type', [
    z.strictObject({ type: z.literal('base64'), media_type: z.literal('application/pdf'), data: z.string() }),
    z.strictObject({ type: z.literal('text'), media_type: z.literal('text/plain'), data: z.string() }),
    z.strictObject({ type: z.literal('url'), url: z.string() }),
  ]),
  title: z.string().nullish(),
  context: unsupported,
  citations: z.strictObject({ enabled: z.literal(false, 'Citations are not supported here').optional() }).nullish(),
  ...hinted,
})

/** Who called a tool. Only the model itself calls tools here. */
const caller = z.strictObject({ type: z.literal('direct') }).nullish()
const ToolUseBlock = z.strictObject({
  type: z.literal('tool_use'),
  id: z.string(),
  name: z.string(),
  input: z.record(z.string(), z.json()),
  caller,
  toolset_name: unsupported,
  ...hinted,
})

const ToolResultBlock = z.strictObject({
  type: z.literal('tool_result'),
  tool_use_id: z.string(),
  content: textOr(z.discriminatedUnion('type', [TextBlock, ImageBlock, DocumentBlock])).nullish(),
  is_error: z.boolean().nullish(),
  toolset_name: unsupported,
  ...hinted,
})

const ThinkingBlock = z.strictObject({ type: z.literal('thinking'), thinking: z.string(), signature: z.string() })
const RedactedThinkingBlock = z.strictObject({ type: z.literal('redacted_thinking'), data: z.string() })

const UserMessage = z.strictObject({
  role: z.literal('user'),
  content: textOr(z.discriminatedUnion('type', [TextBlock, ImageBlock, DocumentBlock, ToolResultBlock])),
})
const AssistantMessage = z.strictObject({
  role: z.literal('assistant'),
  content: textOr(z.discriminatedUnion('type', [TextBlock, ThinkingBlock, RedactedThinkingBlock, ToolUseBlock])),
})
const SystemMessage = z.strictObject({ role: z.literal('system'), content: textOr(TextBlock) })

/** A tool that the caller runs. Tools that run at Anthropic have a type of their own, such as `web_search_20260318`. */
const CustomTool = z.strictObject({
  type: z.literal('custom').nullish(),
  name: z.string(),
  description: z.string().nullish(),
  input_schema: z.record(z.string(), z.json()),
  strict: z.boolean().nullish(),
  eager_input_streaming: z.boolean().nullish(),
  defer_loading: z.literal(false, 'Is not supported here').nullish(),
  allowed_callers: z.array(z.literal('direct', 'Only direct is supported here')).max(MAX_LIST.others).nullish(),
  input_examples: z.array(z.unknown()).max(0, 'Are not supported here').nullish(),
  ...hinted,
})
const ToolOfAnthropic = z.looseObject({ type: z.string().regex(/^(?!custom$)/) })
const Tool = z
  .unknown()
  .refine(
    (tool) => !ToolOfAnthropic.safeParse(tool).success,
    'Is a tool of Anthropic. Only tools with a name and an input_schema are supported here, which the caller runs',
  )
  .pipe(CustomTool)

const isSerial = { disable_parallel_tool_use: z.boolean().nullish() }
const ToolChoice = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('auto'), ...isSerial }),
  z.strictObject({ type: z.literal('any'), ...isSerial }),
  z.strictObject({ type: z.literal('tool'), name: z.string(), ...isSerial }),
  z.strictObject({ type: z.literal('none'), ...isSerial }),
])

/** Whether the client wants to read thoughts. They are always sent. */
const display = z.enum(['summarized', 'omitted']).nullish()
const Thinking = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('enabled'), budget_tokens: z.int().min(1_024), display }),
  z.strictObject({ type: z.literal('adaptive'), display }),
  z.strictObject({ type: z.literal('disabled') }),
  z.strictObject({ type: z.literal('between_tools') }),
])
export type Thinking = z.infer<typeof Thinking>

const OutputConfig = z.strictObject({
  effort: z.enum(['low', 'medium', 'high', 'xhigh', 'max']).nullish(),
  format: z.strictObject({ type: z.literal('json_schema'), schema: z.record(z.string(), z.json()) }).nullish(),
  task_budget: unsupported,
})
export type OutputConfig = z.infer<typeof OutputConfig>

const list = z.array(z.unknown()).max(0, 'Is not supported here').nullish()

export const MessagesBody = z.strictObject({
  model: z.string().min(1),
  max_tokens: z.int().min(1),
  messages: z
    .array(z.discriminatedUnion('role', [UserMessage, AssistantMessage, SystemMessage]))
    .min(1)
    .max(MAX_LIST.items),
  system: textOr(TextBlock).nullish(),
  temperature: z.number().nullish(),
  top_p: z.number().nullish(),
  top_k: z.int().min(0).nullish(),
  stop_sequences: z.array(z.string()).max(MAX_LIST.others).nullish(),
  stream: z.boolean().nullish(),
  tools: z.array(Tool).max(MAX_LIST.tools).nullish(),
  tool_choice: ToolChoice.nullish(),
  thinking: Thinking.nullish(),
  output_config: OutputConfig.nullish(),
  metadata: z.strictObject({ user_id: z.string().max(512).nullish() }).nullish(),
  service_tier: z.enum(['auto', 'standard_only']).nullish(),
  cache_control: cacheControl,
  speed: z.literal('standard', 'Only standard is supported here').nullish(),
  container: unsupported,
  context_management: unsupported,
  diagnostics: unsupported,
  inference_geo: unsupported,
  mcp_servers: list,
  thread: z.null('Is not supported here. Send the whole conversation').optional(),
  user_profile_id: unsupported,
  workspace_id: unsupported,
})
export type MessagesBody = z.infer<typeof MessagesBody>
export type MessageParam = MessagesBody['messages'][number]
/** A block of a message of the given role. */
type BlockOf<Role extends MessageParam['role']> = Exclude<
  Extract<MessageParam, { role: Role }>['content'],
  string
>[number]
export type AssistantBlock = BlockOf<'assistant'>
export type ToolResult = Extract<BlockOf<'user'>, { type: 'tool_result' }>
/** A block that may be in a message of the user and in the result of a tool. */
export type ContentBlock = Exclude<BlockOf<'user'>, ToolResult>
export type SystemContent = Extract<MessageParam, { role: 'system' }>['content']

/** A text, or a list of blocks. */
function textOr<Block extends z.ZodType>(block: Block) {
  return z.union([z.string(), z.array(block).max(MAX_LIST.parts)], {
    error: ({ input }) => tooLong(input, 'parts') ?? 'Must be a text or a list of blocks',
  })
}
