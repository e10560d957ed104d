import { type Attachment, IMAGE_TYPES, keepContent } from './attachment.ts'
import { scaledImage } from './scaled-image.ts'
import { sizeText } from './size-text.ts'

/** Files as attachments, and a sentence for each that cannot be one. */
export interface ReadFiles {
  readonly added: readonly Attachment[]
  readonly refused: readonly string[]
}

/** The most bytes of a PDF: in base64, it is below the 20 MB that the server usually takes. */
const MAX_FILE_BYTES = 14 * 1024 * 1024
/** The most bytes of a text file. */
const MAX_TEXT_BYTES = 1024 * 1024
const PDF = 'application/pdf'

/** Reads files that were pasted, dropped or chosen. */
export async function readFiles(files: readonly File[]): Promise<ReadFiles> {
  const read = await Promise.all(files.map(readFile))
  return {
    added: read.filter((each) => typeof each !== 'string'),
    refused: read.filter((each) => typeof each === 'string'),
  }
}

async function readFile(file: File): Promise<Attachment | string> {
  try {
    if (file.type.startsWith('image/') && file.type !== 'image/svg+xml') return await readImage(file)
    return file.type === PDF ? await readPdf(file) : await readText(file)
  } catch {
    // A folder that was dropped is a file without type that cannot be read.
    return `${nameOf(file)} could not be read.`
  }
}

async function readImage(file: File): Promise<Attachment | string> {
  const image = await scaledImage(file)
  if (typeof image === 'string') return `${nameOf(file)} ${image}`
  const mediaType = IMAGE_TYPES.find((type) => type === image.blob.type)
  if (!mediaType) return `${nameOf(file)} is an image of a type that no vendor takes.`
  const { blob, note } = image
  const about = { id: crypto.randomUUID(), name: nameOf(file), mediaType, bytes: blob.size, ...(note && { note }) }
  return keepContent({ type: 'image', ...about }, await base64Of(blob))
}

async function readPdf(file: File): Promise<Attachment | string> {
  if (file.size > MAX_FILE_BYTES) return tooLarge(file, MAX_FILE_BYTES)
  const about = { id: crypto.randomUUID(), name: nameOf(file), mediaType: PDF, bytes: file.size } as const
  return keepContent({ type: 'file', ...about }, await base64Of(file))
}

/** A text file of any type is sent as text, which every model reads. */
async function readText(file: File): Promise<Attachment | string> {
  const bytes = new Uint8Array(await file.slice(0, MAX_TEXT_BYTES + 1).arrayBuffer())
  const text = textOf(bytes.subarray(0, MAX_TEXT_BYTES - 4), bytes.length <= MAX_TEXT_BYTES ? bytes : undefined)
  if (text === undefined) return `${nameOf(file)} is no image, no PDF and no text in UTF-8.`
  if (bytes.length > MAX_TEXT_BYTES) return tooLarge(file, MAX_TEXT_BYTES)
  if (text === '') return `${nameOf(file)} is empty.`
  return keepContent({ type: 'text', id: crypto.randomUUID(), name: nameOf(file), bytes: file.size }, text)
}

/** The text of all bytes, or of the beginning if all are too many; undefined if they are no text. */
function textOf(beginning: Uint8Array, all: Uint8Array | undefined): string | undefined {
  try {
    // The end of a beginning may cut a character, which a stream waits for.
    const text = new TextDecoder('utf-8', { fatal: true }).decode(all ?? beginning, { stream: all === undefined })
    return text.includes('\0') ? undefined : text
  } catch {
    return undefined
  }
}

function tooLarge(file: File, limit: number): string {
  return `${nameOf(file)} has ${sizeText(file.size)}. The most is ${sizeText(limit)}.`
}

function nameOf({ name }: File): string {
  return name.slice(0, 255) || 'unnamed'
}

/** The bytes in base64. */
function base64Of(blob: Blob): Promise<string> {
  return new Promise((resolve, reject) => {
    const reader = new FileReader()
    reader.onload = () => resolve(String(reader.result).replace(/^[^,]*,/, ''))
    reader.onerror = () => reject(reader.error)
    reader.readAsDataURL(blob)
  })
}
