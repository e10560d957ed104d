import { z } from 'zod'
import { FilePart, ImagePart, ItemId, TextPart, ToolCallPart, ToolResultPart, textOr } from './content.ts'

/** The most messages of one request. A longer conversation goes on with `previousJobId`. */
export const MAX_MESSAGES = 1_000
/** The most parts of one message. */
export const MAX_PARTS = 1_000

/** Instructions to the model, as a message. */
const SystemMessage = z.strictObject({ role: z.literal('system'), content: textOr(TextPart) })
const UserMessage = z.strictObject({
  role: z.literal('user'),
  content: textOr(z.discriminatedUnion('type', [TextPart, ImagePart, FilePart])),
})
const AssistantMessage = z.strictObject({
  role: z.literal('assistant'),
  content: textOr(z.discriminatedUnion('type', [TextPart, ToolCallPart])),
})
const ToolMessage = z.strictObject({ role: z.literal('tool'), content: z.array(ToolResultPart).min(1) })

/** A message of a conversation, as a caller sends it. */
export const Message = z.discriminatedUnion('role', [SystemMessage, UserMessage, AssistantMessage, ToolMessage])
export type Message = z.infer<typeof Message>
export type ContentPart = Exclude<Message['content'], string>[number]

/** Content that is kept outside the record: `GET /jobs/:id/items/:item` has its bytes. */
const kept = { item: ItemId, bytes: z.int().positive().describe('The size of the item.') }
const KeptText = z.object({ type: z.literal('text'), ...kept })
const KeptImage = z.object({ type: z.literal('image'), mediaType: z.string(), ...kept })
const KeptFile = z.object({ type: z.literal('file'), mediaType: z.string(), name: z.string().optional(), ...kept })
const LinkedImage = z.object({ type: z.literal('image'), mediaType: z.string().optional(), url: z.string() })
const LinkedFile = z.object({
  type: z.literal('file'),
  mediaType: z.string().optional(),
  name: z.string().optional(),
  url: z.string(),
})
const ShownText = z.object({ type: z.literal('text'), text: z.string() })
const ShownCall = z.object({
  type: z.literal('tool-call'),
  callId: z.string(),
  name: z.string(),
  arguments: z.union([z.string(), KeptText]),
})
// Only in jobs of doors, whose callers send back whole answers, and in jobs that fork an answer.
const ShownReasoning = z.object({ type: z.literal('reasoning'), text: z.string() })
const KeptReasoning = z.object({ type: z.literal('reasoning'), ...kept })
const ShownRefusal = z.object({ type: z.literal('refusal'), text: z.string() })
const KeptRefusal = z.object({ type: z.literal('refusal'), ...kept })
const shownContent = [KeptText, KeptImage, KeptFile, ShownText, LinkedImage, LinkedFile] as const
const ShownResult = z.object({
  type: z.literal('tool-result'),
  callId: z.string(),
  content: z.union([z.string(), z.array(z.union(shownContent))]),
})

const shownAnswer = [ShownCall, KeptReasoning, ShownReasoning, KeptRefusal, ShownRefusal] as const

/**
 * A message as a job shows it. Long texts, images and files are shown by their item. Reasoning and refusals are there only in
 * jobs that were made at a door of a foreign API, or of the answer of another job.
 */
export const ShownMessage = z.object({
  role: z.enum(['system', 'user', 'assistant', 'tool']),
  content: z.union([z.string(), z.array(z.union([...shownContent, ...shownAnswer, ShownResult]))]),
})
export type ShownMessage = z.infer<typeof ShownMessage>
export type ShownPart = Exclude<ShownMessage['content'], string>[number]
export type KeptPart = Extract<ShownPart, { item: string }>
