import { sizeText } from './size-text.ts'

/** The strictest vendor takes 5 MB of base64. */
const MAX_BYTES = 3_750_000
/** Vendors scale larger images down themselves, and some refuse more than 8,000 pixels. */
const MAX_SIDE = 8_000
const SCALED_SIDE = 2_048
const SENT_AS_IS = ['image/png', 'image/jpeg', 'image/gif', 'image/webp']

interface ScaledImage {
  readonly blob: Blob
  /** What was changed, for people; undefined if nothing was. */
  readonly note?: string
}

/**
 * An image that vendors take: as it is, or scaled down, or of another type if no vendor takes its own. Or what is wrong with it, as
 * the end of a sentence.
 */
export async function scaledImage(file: Blob): Promise<ScaledImage | string> {
  const isKnown = SENT_AS_IS.includes(file.type)
  const bitmap = await createImageBitmap(file).catch(() => undefined)
  if (!bitmap) return isKnown ? 'is damaged: the browser cannot show it.' : 'is an image that the browser cannot read.'
  try {
    const { width, height } = bitmap
    const isSmall = file.size <= MAX_BYTES && Math.max(width, height) <= MAX_SIDE
    if (isKnown && isSmall) return { blob: file }
    // Scaling would keep the first picture of an animation only.
    if (file.type === 'image/gif') return `is a GIF of ${sizeText(file.size)}. The most is ${sizeText(MAX_BYTES)}.`
    return await redrawn(bitmap, isSmall ? 1 : Math.min(1, SCALED_SIDE / Math.max(width, height)))
  } finally {
    bitmap.close()
  }
}

async function redrawn(bitmap: ImageBitmap, scale: number): Promise<ScaledImage | string> {
  const canvas = document.createElement('canvas')
  canvas.width = Math.max(1, Math.round(bitmap.width * scale))
  canvas.height = Math.max(1, Math.round(bitmap.height * scale))
  const context = canvas.getContext('2d')
  if (!context) return 'could not be scaled down by the browser.'
  context.imageSmoothingQuality = 'high'
  context.drawImage(bitmap, 0, 0, canvas.width, canvas.height)
  const png = await encoded(canvas, 'image/png')
  const note = scale < 1 ? `scaled to ${canvas.width} × ${canvas.height}` : 'converted'
  if (png && png.size <= MAX_BYTES) return { blob: png, note }
  // JPEG has no transparency, which would turn black.
  context.globalCompositeOperation = 'destination-over'
  context.fillStyle = '#fff'
  context.fillRect(0, 0, canvas.width, canvas.height)
  const jpeg = await encoded(canvas, 'image/jpeg')
  return jpeg ? { blob: jpeg, note } : 'could not be scaled down by the browser.'
}

function encoded(canvas: HTMLCanvasElement, type: string): Promise<Blob | null> {
  return new Promise((resolve) => canvas.toBlob(resolve, type, 0.9))
}
