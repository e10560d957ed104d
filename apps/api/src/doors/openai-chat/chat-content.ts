import { type Fault, FILE_TYPES, IMAGE_TYPES } from '@promptlab/contract'
import type { AskedMessage } from '../../jobs/input/asked-job.ts'
import { dataOfUrl, type EncodedBytes, padded } from '../data-url.ts'
import type { ChatMessage, ChatPart } from './chat-body.ts'
import { FILE_FIELDS, IMAGE_FIELDS, type PartOrigin, TEXT_FIELDS } from './part-origin.ts'

/** A part, and where it comes from. */
export interface Placed<Part> {
  readonly part: Part
  readonly origin: PartOrigin
}

type UserPart = Exclude<Extract<AskedMessage, { role: 'user' }>['content'], string>[number]
export type ChatUserPart = Exclude<Extract<ChatMessage, { role: 'user' }>['content'], string>[number]

/** The media types of files that come without one, by the end of their names. */
const TYPES_BY_ENDING: Readonly<Record<string, (typeof FILE_TYPES)[number]>> = {
  pdf: 'application/pdf',
  txt: 'text/plain',
  md: 'text/markdown',
  csv: 'text/csv',
  json: 'application/json',
}

/** The parts of a user's content. What cannot be read is added to the faults. */
export function userParts(parts: readonly ChatUserPart[], at: string, faults: Fault[]): Placed<UserPart>[] {
  return parts.flatMap((part, index) => {
    const placed = userPart(part, `${at}[${index}]`, faults)
    return placed ? [placed] : []
  })
}

function userPart(part: ChatUserPart, at: string, faults: Fault[]): Placed<UserPart> | undefined {
  switch (part.type) {
    case 'text':
      return { part: { type: 'text', text: part.text }, origin: { at, fields: TEXT_FIELDS } }
    case 'image_url':
      return imagePart(part.image_url.url, at, faults)
    case 'file':
      return filePart(part.file, at, faults)
  }
}

function imagePart(url: string, at: string, faults: Fault[]): Placed<UserPart> | undefined {
  const origin = { at, fields: IMAGE_FIELDS }
  const path = `${at}${IMAGE_FIELDS.url}`
  if (!/^data:/i.test(url)) return { part: { type: 'image', url }, origin }
  const bytes = dataOfUrl(url)
  if (!bytes) return fail(faults, path, 'Must be base64, such as data:image/png;base64,iVBORw0…')
  const mediaType = IMAGE_TYPES.find((type) => type === bytes.mediaType)
  if (!mediaType) return fail(faults, path, `The type of the image must be one of ${IMAGE_TYPES.join(', ')}`)
  return { part: { type: 'image', mediaType, data: bytes.data }, origin }
}

type ChatFile = Extract<ChatPart, { type: 'file' }>['file']

function filePart(file: ChatFile, at: string, faults: Fault[]): Placed<UserPart> | undefined {
  const { filename: name } = file
  const path = `${at}${FILE_FIELDS.data}`
  const bytes = bytesOf(file)
  if (!bytes) return fail(faults, path, 'Must be a data URL with base64, such as data:application/pdf;base64,JVBERi0…')
  const mediaType = FILE_TYPES.find((type) => type === bytes.mediaType)
  if (!mediaType) return fail(faults, path, `The type of the file must be one of ${FILE_TYPES.join(', ')}`)
  const part = { type: 'file', mediaType, data: bytes.data, ...(name !== undefined && { name }) } as const
  return { part, origin: { at, fields: FILE_FIELDS } }
}

/** The bytes of a file: a data URL, or only the base64 of a file whose name tells its type. */
function bytesOf({ file_data, filename = '' }: ChatFile): EncodedBytes | undefined {
  if (/^data:/i.test(file_data)) return dataOfUrl(file_data)
  const ending = filename.slice(filename.lastIndexOf('.') + 1).toLowerCase()
  const mediaType = Object.hasOwn(TYPES_BY_ENDING, ending) ? TYPES_BY_ENDING[ending] : undefined
  return mediaType && { mediaType, data: padded(file_data) }
}

function fail(faults: Fault[], path: string, message: string): undefined {
  faults.push({ path, message })
  return undefined
}
