import { type ContentPart, FILE_TYPES, IMAGE_TYPES } from '@promptlab/contract'
import type { FilePart, ImagePart, Message, UserPart } from '@promptlab/providers'
import type { AskedCarry, AskedMessage } from '../jobs/input/asked-job.ts'

/**
 * A message of an earlier input, to be asked again.
 * @param carries what vendors want back with its parts, by the index of the part
 */
export function askedAgain(message: Message, carries: ReadonlyMap<number, AskedCarry>): AskedMessage {
  switch (message.role) {
    case 'system':
      return { role: message.role, content: [...message.content] }
    case 'user':
      return { role: message.role, content: message.content.map(userPart) }
    case 'assistant':
      return {
        role: message.role,
        content: message.content.map((part, index) => ({ ...part, carry: carries.get(index) })),
      }
    case 'tool':
      return {
        role: message.role,
        content: message.content.map(({ type, callId, content }) => ({ type, callId, content: content.map(userPart) })),
      }
  }
}

function userPart(part: UserPart): Extract<ContentPart, { type: 'text' | 'image' | 'file' }> {
  switch (part.type) {
    case 'text':
      return part
    case 'image':
      return { type: part.type, ...sourceOf(part, IMAGE_TYPES) }
    case 'file':
      return { type: part.type, ...(part.name !== undefined && { name: part.name }), ...sourceOf(part, FILE_TYPES) }
  }
}

function sourceOf<Type extends string>({ url, data, mediaType }: ImagePart | FilePart, types: readonly Type[]) {
  // Records have only types that a request may have.
  const known = types.find((type) => type === mediaType)
  return {
    ...(known !== undefined && { mediaType: known }),
    ...(data !== undefined && { data }),
    ...(url !== undefined && { url }),
  }
}
