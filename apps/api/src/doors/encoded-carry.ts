import { z } from 'zod'
import type { AskedCarry } from '../jobs/input/asked-job.ts'

const Tagged = z.tuple([z.literal(1), z.string(), z.json()])

/** What a vendor wants back, as text that clients keep and send again, such as `encrypted_content` and `signature`. */
export function encodeCarry({ provider, value }: AskedCarry): string {
  return Buffer.from(JSON.stringify([1, provider, value])).toString('base64')
}

/** Undefined if the text is none of ours, as when the client talked to the vendor itself before. */
export function decodeCarry(text: string): AskedCarry | undefined {
  try {
    const parsed = Tagged.safeParse(JSON.parse(Buffer.from(text, 'base64').toString()))
    if (!parsed.success) return undefined
    const [, provider, value] = parsed.data
    return { provider, value }
  } catch {
    return undefined
  }
}
