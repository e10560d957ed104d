import { z } from 'zod'

const incomplete = z.literal(true).optional().describe('Present if the part was cut off.')

const ReasoningOutput = z.object({ type: z.literal('reasoning'), text: z.string(), incomplete })
const TextOutput = z.object({ type: z.literal('text'), text: z.string(), incomplete })
const ToolCallOutput = z.object({
  type: z.literal('tool-call'),
  callId: z.string(),
  name: z.string(),
  arguments: z.string().describe('The arguments as JSON text, as the vendor sent it.'),
  incomplete,
})
const RefusalOutput = z.object({ type: z.literal('refusal'), text: z.string(), incomplete })

/** A part of an answer: a stretch of one kind. */
export const OutputPart = z.discriminatedUnion('type', [ReasoningOutput, TextOutput, ToolCallOutput, RefusalOutput])
export type OutputPart = z.infer<typeof OutputPart>
