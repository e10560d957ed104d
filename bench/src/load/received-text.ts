import { z } from 'zod'

const Token = z.object({ token: z.string() })
const Chunk = z.object({ choices: z.array(z.object({ delta: z.object({ content: z.string().optional() }) })) })

/** The content of a job's stream. */
export interface ReceivedJob {
  readonly text: string
  readonly tokenEvents: number
  /** The name of the event that ended it. */
  readonly end: string | undefined
}

/** The names of events that have text or reasoning. */
const PIECES = new Set([undefined, 'reasoning'])

/** Reads the body of a job's stream. */
export function readJobStream(body: string): ReceivedJob {
  const frames = body.split('\n\n').map(fieldsOf)
  const tokens = frames.filter(({ event, data }) => PIECES.has(event) && data !== undefined)
  return {
    text: tokens.map(({ data = '' }) => Token.parse(JSON.parse(data)).token).join(''),
    tokenEvents: tokens.length,
    end: frames.find(({ event }) => !PIECES.has(event))?.event,
  }
}

/** Reads the body of an OpenAI stream. `isComplete`: it has its end marker. */
export function readOpenAIStream(body: string): { text: string; isComplete: boolean } {
  const data = body.split('\n\n').flatMap((frame) => fieldsOf(frame).data ?? [])
  const text = data
    .filter((item) => item !== '[DONE]')
    .map((item) => Chunk.parse(JSON.parse(item)).choices[0]?.delta.content ?? '')
    .join('')
  return { text, isComplete: data.at(-1) === '[DONE]' }
}

function fieldsOf(frame: string): { event?: string; data?: string } {
  const fields: { event?: string; data?: string } = {}
  for (const line of frame.split('\n')) {
    if (line.startsWith('data: ')) fields.data = line.slice(6)
    else if (line.startsWith('event: ')) fields.event = line.slice(7)
  }
  return fields
}
