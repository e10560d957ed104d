import type { Fault } from '@promptlab/contract'
import type { AskedMessage } from '../../jobs/input/asked-job.ts'
import { readFile, readImage } from '../sent-media.ts'
import type { InputPart } from './input-item.ts'

/** A part of a message of the user, or of the result of a tool. */
export type UserPart = Exclude<Extract<AskedMessage, { role: 'user' }>['content'], string>[number]

/** @returns the part, or what is wrong with it, with the path in the part */
export function readPart(part: InputPart): UserPart | Fault {
  switch (part.type) {
    case 'input_text':
      return { type: 'text', text: part.text }
    case 'input_image':
      return imagePart(part.image_url)
    case 'input_file':
      return filePart(part)
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

function imagePart(url: string | undefined): UserPart | Fault {
  const path = 'image_url'
  if (url === undefined) return { path, message: 'Is required' }
  if (!/^data:/i.test(url)) return { type: 'image', url }
  const read = readImage(url)
  return typeof read === 'string' ? { path, message: read } : { type: 'image', ...read }
}

type InputFile = Extract<InputPart, { type: 'input_file' }>

function filePart({ file_data: data, file_url: url, filename }: InputFile): UserPart | Fault {
  const name = filename !== undefined && filename !== '' && { name: filename }
  if (data !== undefined && url !== undefined) return { path: 'file_url', message: 'Give either file_data or file_url' }
  if (url !== undefined) return { type: 'file', url, ...name }
  if (data === undefined) return { path: 'file_data', message: 'Is required, or file_url' }
  const read = readFile(data, filename)
  return typeof read === 'string' ? { path: 'file_data', message: read } : { type: 'file', ...read, ...name }
}
