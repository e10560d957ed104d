import { z } from 'zod'
import type { ResponseEncoder } from '../../src/doors/openai-responses/response-encoder.ts'
import { tapedPieces } from '../../src/jobs/answer/recorded-pieces.ts'
import type { StoredAnswer } from '../../src/jobs/answer/stored-answer.ts'
import type { StoredFinalJob } from '../../src/jobs/job.ts'

const Item = z.looseObject({ id: z.string(), type: z.string() })
const Event = z.object({
  type: z.string(),
  sequence_number: z.number(),
  item_id: z.string().optional(),
  output_index: z.number().optional(),
  delta: z.string().optional(),
  text: z.string().optional(),
  refusal: z.string().optional(),
  arguments: z.string().optional(),
  item: Item.optional(),
  response: z.looseObject({ id: z.string(), status: z.string(), output: z.array(Item) }).optional(),
})
export type ResponseEvent = z.infer<typeof Event>

/** The events of a stream that has ended with `[DONE]`, or that is empty. */
export function responseEvents(text: string): ResponseEvent[] {
  const frames = text.split('\n\n')
  if (frames.pop() !== '') throw new Error('The stream ends inside a frame')
  if (frames.length > 0 && frames.pop() !== 'data: [DONE]') throw new Error('The stream does not end with [DONE]')
  return frames.map((frame) => {
    const [, name, data = ''] = /^event: (.+)\ndata: (.+)$/.exec(frame) ?? []
    const event = Event.parse(JSON.parse(data))
    if (event.type !== name) throw new Error(`The frame of ${event.type} is called ${name}`)
    return event
  })
}

/** All that an encoder writes of a job that has ended. */
export function encodedBy(encoder: ResponseEncoder, job: StoredFinalJob & StoredAnswer): string {
  const opening = encoder.opening()
  const pieces = [...tapedPieces(job)].map(({ piece }) => encoder.piece(piece))
  return opening + pieces.join('') + encoder.end(job)
}
