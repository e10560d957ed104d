import type { FileUIPart } from 'ai'
import type { FilePart, FileType, ImagePart, ImageType } from '../content.ts'
import { PromptLabError } from '../errors.ts'
import { parseDataUrl } from './data-url.ts'

const IMAGE_TYPES: ReadonlySet<string> = new Set<ImageType>(['image/png', 'image/jpeg', 'image/gif', 'image/webp'])
const FILE_TYPES: ReadonlySet<string> = new Set<FileType>([
  'application/pdf',
  'text/plain',
  'text/markdown',
  'text/csv',
  'application/json',
])

/**
 * A file of a message as an image or a file of a request: the bytes of a data URL, or an https address.
 * @throws PromptLabError the file is elsewhere, or of a type that no request may have
 */
export function fileContent({ url, mediaType, filename }: FileUIPart): ImagePart | FilePart {
  const what = filename ? `The file ${filename}` : 'A file of the message'
  const bytes = parseDataUrl(url)
  if (!bytes && !/^https:/i.test(url))
    throw new PromptLabError(`${what} has the address ${url.slice(0, 60)}. Send a data URL or an https address.`)
  const type = typeOf(mediaType, bytes?.mediaType)
  const name = filename ? { name: filename.slice(0, 255) } : {}
  if (isImageType(type))
    return { type: 'image', ...(bytes ? { mediaType: type, data: bytes.base64 } : { mediaType: type, url }) }
  if (isFileType(type))
    return { type: 'file', ...name, ...(bytes ? { mediaType: type, data: bytes.base64 } : { mediaType: type, url }) }
  // The AI SDK allows `image` alone, or `image/*`, for an address.
  if (!bytes && type === 'image') return { type: 'image', url }
  const types = [...IMAGE_TYPES, ...FILE_TYPES].join(', ')
  throw new PromptLabError(`${what} has the type ${type || 'unknown'}. A message may have ${types}.`)
}

/** The type of the part, or of its data URL if the part has only a half one. Other texts, such as code, are plain text. */
function typeOf(mediaType: string, ofBytes: string | undefined): string {
  const [name = ''] = mediaType.toLowerCase().split(';')
  const type = name.trim().replace(/\/\*$/, '')
  const whole = type.includes('/') ? type : ofBytes || type
  return !FILE_TYPES.has(whole) && /^text(\/|$)/.test(whole) ? 'text/plain' : whole
}

function isImageType(type: string): type is ImageType {
  return IMAGE_TYPES.has(type)
}

function isFileType(type: string): type is FileType {
  return FILE_TYPES.has(type)
}
