import { z } from 'zod'

/** The types of pictures that a part may have. A provider may take fewer of them. */
export const IMAGE_TYPES = ['image/png', 'image/jpeg', 'image/gif', 'image/webp'] as const
/** The types of files that a part may have. A provider may take fewer of them. */
export const FILE_TYPES = ['application/pdf', 'text/plain', 'text/markdown', 'text/csv', 'application/json'] as const

/** The id of content that is kept outside the record: the SHA-256 of its bytes, in hexadecimal digits. */
export const ItemId = z.string().regex(/^[0-9a-f]{64}$/, 'Must be the id of an item, 64 hexadecimal digits')

const callId = z.string().min(1).max(4_096).describe('Names the call, so that its result can be told from others.')
/** The name of a tool: what vendors have in common. */
export const toolName = z
  .string()
  .regex(/^[\w-]{1,64}$/, 'Must be 1 to 64 letters, digits, underscores or hyphens')
  .describe('The name of the tool.')

const data = z
  .string()
  .min(1)
  .refine(isBase64, 'Is not base64')
  .describe('The bytes in base64 (RFC 4648, section 4), with padding.')
/**
 * The name of a host on the internet, as far as a name says it. No site needs an address in digits or a name without a
 * dot, but hosts of private networks have them.
 */
const PUBLIC_HOST =
  /^(?!.*\.(?:localhost|local|internal|intranet|lan|home|corp)\.?$)(?:[a-z\d_-]+\.)+[a-z](?:[a-z\d-]*[a-z\d])?\.?$/i

const url = z
  .url({
    protocol: /^https$/,
    hostname: PUBLIC_HOST,
    error: 'Must be an https address of a public host. Send other content as data and mediaType',
  })
  .max(8_192)
  .regex(/^(?![^/?#]*\/\/[^/?#]*@)/, 'Must have no user or password')
  .describe('An https address of a public host. The server passes it on and never fetches it.')

export const TextPart = z.strictObject({ type: z.literal('text'), text: z.string() })

export const ImagePart = z
  .strictObject({
    type: z.literal('image'),
    mediaType: z.enum(IMAGE_TYPES).optional(),
    data: data.optional(),
    url: url.optional(),
  })
  .check(hasOneSource)

export const FilePart = z
  .strictObject({
    type: z.literal('file'),
    mediaType: z.enum(FILE_TYPES).optional(),
    data: data.optional(),
    url: url.optional(),
    name: z.string().min(1).max(255).optional().describe('The name of the file, which some vendors show to the model.'),
  })
  .check(hasOneSource)

export const ToolCallPart = z.strictObject({
  type: z.literal('tool-call'),
  callId,
  name: toolName,
  arguments: z.string().describe('The arguments as JSON text, as the model sent them.'),
})

export const ToolResultPart = z.strictObject({
  type: z.literal('tool-result'),
  callId,
  content: textOr(z.discriminatedUnion('type', [TextPart, ImagePart, FilePart])),
})

/** A text, or a list of parts, at least one. */
export function textOr<Part extends z.ZodType>(part: Part) {
  return z.union([z.string(), z.array(part).min(1)], { error: 'Must be a text or a list of parts' })
}

function isBase64(text: string): boolean {
  return text.length % 4 === 0 && /^[A-Za-z\d+/]+={0,2}$/.test(text)
}

function hasOneSource(
  payload: z.core.ParsePayload<{ data?: string | undefined; url?: string | undefined; mediaType?: string | undefined }>,
): void {
  const { data, url, mediaType } = payload.value
  const add = (path: string, message: string) =>
    payload.issues.push({ code: 'custom', input: payload.value, path: [path], message })
  if (data !== undefined && url !== undefined) add('url', 'Give either data or url')
  else if (data === undefined && url === undefined) add('data', 'Is required, or url')
  else if (data !== undefined && mediaType === undefined) add('mediaType', 'Is required with data')
}
