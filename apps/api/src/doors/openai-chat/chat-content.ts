import type { Fault } from '@promptlab/contract'
import type { AskedMessage } from '../../jobs/input/asked-job.ts'
import { readFile, readImage } from '../sent-media.ts'
import type { ChatMessage, ChatPart } from './chat-body.ts'
import { FILE_FIELDS, IMAGE_FIELDS, type PartOrigin, TEXT_FIELDS } from './part-origin.ts'

/** A part, and where it comes from. */
export interface Placed<Part> {
  readonly part: Part
  readonly origin: PartOrigin
}

type UserPart = Exclude<Extract<AskedMessage, { role: 'user' }>['content'], string>[number]
export type ChatUserPart = Exclude<Extract<ChatMessage, { role: 'user' }>['content'], string>[number]

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
  if (!/^data:/i.test(url)) return { part: { type: 'image', url }, origin }
  const read = readImage(url)
  if (typeof read === 'string') return fail(faults, `${at}${IMAGE_FIELDS.url}`, read)
  return { part: { type: 'image', ...read }, origin }
}

type ChatFile = Extract<ChatPart, { type: 'file' }>['file']

function filePart({ file_data, filename: name }: ChatFile, at: string, faults: Fault[]): Placed<UserPart> | undefined {
  const read = readFile(file_data, name)
  if (typeof read === 'string') return fail(faults, `${at}${FILE_FIELDS.data}`, read)
  const part = { type: 'file', ...read, ...(name !== undefined && { name }) } as const
  return { part, origin: { at, fields: FILE_FIELDS } }
}

function fail(faults: Fault[], path: string, message: string): undefined {
  faults.push({ path, message })
  return undefined
}
