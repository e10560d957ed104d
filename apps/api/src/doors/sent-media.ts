import { FILE_TYPES, IMAGE_TYPES } from '@promptlab/contract'
import { dataOfUrl, type EncodedBytes, padded } from './data-url.ts'

/** Bytes of one of the types that jobs take, or a sentence that says what is wrong with them. */
type Read<Type extends string> = { readonly mediaType: Type; readonly data: string } | string

/** The media types of files that come without one, by the end of their names. */
const TYPES_BY_ENDING: Readonly<Record<string, (typeof FILE_TYPES)[number]>> = {
  pdf: 'application/pdf',
  txt: 'text/plain',
  md: 'text/markdown',
  csv: 'text/csv',
  json: 'application/json',
}

/** The bytes of an image in a `data:` URL. */
export function readImage(url: string): Read<(typeof IMAGE_TYPES)[number]> {
  const bytes = dataOfUrl(url)
  if (!bytes) return 'Must be base64, such as data:image/png;base64,iVBORw0…'
  return ofTypes(IMAGE_TYPES, bytes) ?? `The type of the image must be one of ${IMAGE_TYPES.join(', ')}`
}

/** The bytes of a file: a `data:` URL, or only the base64 of a file whose name tells its type. */
export function readFile(sent: string, name = ''): Read<(typeof FILE_TYPES)[number]> {
  const bytes = /^data:/i.test(sent) ? dataOfUrl(sent) : bytesByName(sent, name)
  if (!bytes) return 'Must be a data URL with base64, such as data:application/pdf;base64,JVBERi0…'
  return ofTypes(FILE_TYPES, bytes) ?? `The type of the file must be one of ${FILE_TYPES.join(', ')}`
}

function bytesByName(base64: string, name: string): EncodedBytes | undefined {
  const ending = name.slice(name.lastIndexOf('.') + 1).toLowerCase()
  const mediaType = Object.hasOwn(TYPES_BY_ENDING, ending) ? TYPES_BY_ENDING[ending] : undefined
  return mediaType && { mediaType, data: padded(base64) }
}

function ofTypes<Type extends string>(types: readonly Type[], { mediaType: told, data }: EncodedBytes) {
  const mediaType = types.find((type) => type === told)
  return mediaType && { mediaType, data }
}
