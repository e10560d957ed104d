import { type Fault, FILE_TYPES, IMAGE_TYPES } from '@promptlab/contract'
import type { AskedMessage } from '../../jobs/input/asked-job.ts'
import { dataOfUrl, type EncodedBytes, padded } from '../data-url.ts'
import type { InputPart } from './input-item.ts'

/** A part of a message of the user, or of the result of a tool. */
export type UserPart = Exclude<Extract<AskedMessage, { role: 'user' }>['content'], string>[number]

/** The media types of files that come without one, by the end of their names. */
const TYPES_BY_ENDING: Readonly<Record<string, (typeof FILE_TYPES)[number]>> = {
  pdf: 'application/pdf',
  txt: 'text/plain',
  md: 'text/markdown',
  csv: 'text/csv',
  json: 'application/json',
}

/** @returns the part, or what is wrong with it, with the path in the part */
export function readPart(part: InputPart): UserPart | Fault {
  switch (part.type) {
    case 'input_text':
      return { type: 'text', text: part.text }
    case 'input_image':
      return readImage(part.image_url)
    case 'input_file':
      return readFile(part)
  }
}

export function isFault(read: UserPart | Fault): read is Fault {
  return 'path' in read
}

/** The field of a part that stands for the field of the native part. */
export function fieldOf(part: InputPart, field: string): string {
  switch (part.type) {
    case 'input_text':
      return 'text'
    case 'input_image':
      return 'image_url'
    case 'input_file':
      if (field === 'name') return 'filename'
      return part.file_data === undefined ? 'file_url' : 'file_data'
  }
}

function readImage(url: string | undefined): UserPart | Fault {
  const path = 'image_url'
  if (url === undefined) return { path, message: 'Is required' }
  if (!/^data:/i.test(url)) return { type: 'image', url }
  const bytes = dataOfUrl(url)
  if (!bytes) return { path, message: 'Must be base64, such as data:image/png;base64,iVBORw0…' }
  const mediaType = IMAGE_TYPES.find((type) => type === bytes.mediaType)
  if (!mediaType) return { path, message: `The type of the image must be one of ${IMAGE_TYPES.join(', ')}` }
  return { type: 'image', mediaType, data: bytes.data }
}

type InputFile = Extract<InputPart, { type: 'input_file' }>

function readFile({ file_data: data, file_url: url, filename }: InputFile): UserPart | Fault {
  const name = filename !== undefined && filename !== '' && { name: filename }
  if (data !== undefined && url !== undefined) return { path: 'file_url', message: 'Give either file_data or file_url' }
  if (url !== undefined) return { type: 'file', url, ...name }
  if (data === undefined) return { path: 'file_data', message: 'Is required, or file_url' }
  const path = 'file_data'
  const bytes = bytesOf(data, filename)
  if (!bytes) return { path, message: 'Must be a data URL with base64, such as data:application/pdf;base64,JVBERi0…' }
  const mediaType = FILE_TYPES.find((type) => type === bytes.mediaType)
  if (!mediaType) return { path, message: `The type of the file must be one of ${FILE_TYPES.join(', ')}` }
  return { type: 'file', mediaType, data: bytes.data, ...name }
}

/** The bytes of a file: a data URL, or only the base64 of a file whose name tells its type. */
function bytesOf(data: string, name = ''): EncodedBytes | undefined {
  if (/^data:/i.test(data)) return dataOfUrl(data)
  const ending = name.slice(name.lastIndexOf('.') + 1).toLowerCase()
  const mediaType = Object.hasOwn(TYPES_BY_ENDING, ending) ? TYPES_BY_ENDING[ending] : undefined
  return mediaType && { mediaType, data: padded(data) }
}
