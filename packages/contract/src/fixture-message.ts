import { z } from 'zod'
import { TextPart, textOr } from './content.ts'

const source = {
  mediaType: z.string().optional(),
  data: z.string().optional().describe('The bytes in base64.'),
  url: z.string().optional(),
}
const ImagePart = z.strictObject({ type: z.literal('image'), ...source })
const FilePart = z.strictObject({ type: z.literal('file'), name: z.string().optional(), ...source })
const ReasoningPart = z.strictObject({ type: z.literal('reasoning'), text: z.string() })
const RefusalPart = z.strictObject({ type: z.literal('refusal'), text: z.string() })
const ToolCallPart = z.strictObject({
  type: z.literal('tool-call'),
  callId: z.string(),
  name: z.string(),
  arguments: z.string(),
})
const userContent = textOr(z.discriminatedUnion('type', [TextPart, ImagePart, FilePart]))
const ToolResultPart = z.strictObject({ type: z.literal('tool-result'), callId: z.string(), content: userContent })

/**
 * A message of a recorded request, with all of its content. It has nothing that vendors want back with earlier answers: that
 * does not tell requests apart.
 */
export const FixtureMessage = z.discriminatedUnion('role', [
  z.strictObject({ role: z.literal('system'), content: textOr(TextPart) }),
  z.strictObject({ role: z.literal('user'), content: userContent }),
  z.strictObject({
    role: z.literal('assistant'),
    content: textOr(z.discriminatedUnion('type', [TextPart, ReasoningPart, RefusalPart, ToolCallPart])),
  }),
  z.strictObject({ role: z.literal('tool'), content: z.array(ToolResultPart).min(1) }),
])
export type FixtureMessage = z.infer<typeof FixtureMessage>
