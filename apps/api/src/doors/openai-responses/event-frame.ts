import { oneLineJson } from '../../http/streams/one-line-json.ts'

/** The keep-alive of an idle stream. */
export const KEEP_ALIVE = ': ping\n\n'

/** The frame behind the last event. */
export const DONE_FRAME = 'data: [DONE]\n\n'

/** An event as a frame of Server-Sent Events. */
export function eventFrame(type: string, fields: object, number: number): string {
  return `event: ${type}\ndata: ${oneLineJson({ type, ...fields, sequence_number: number })}\n\n`
}

/** What a frame of a delta has before its text. It is the same for all deltas of a part. */
export function deltaHead(type: string, fields: object): string {
  const json = oneLineJson({ type, ...fields })
  return `event: ${type}\ndata: ${json.slice(0, -1)},"delta":`
}

/** The frame of a delta. This is all that a token costs. */
export function deltaFrame(head: string, text: string, number: number): string {
  return `${head}${oneLineJson(text)},"sequence_number":${number}}\n\n`
}
