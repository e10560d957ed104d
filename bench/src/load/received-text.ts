import { z } from 'zod'

const Token = z.object({ token: z.string() })
const Delta = z.object({
  content: z.string().optional(),
  reasoning_content: z.string().optional(),
  tool_calls: z.array(z.object({ function: z.object({ arguments: z.string() }) })).optional(),
})
const Chunk = z.object({ choices: z.array(z.object({ delta: Delta })) })
const ResponseEvent = z.object({
  type: z.string(),
  delta: z.string().optional(),
  response: z.object({ output: z.array(z.object({ content: z.array(z.object({ text: z.string() })) })) }).optional(),
})
const MessageEvent = z.object({ type: z.string(), delta: z.object({ text: z.string().optional() }).optional() })

/** The content of a job's stream. */
export interface ReceivedJob {
  readonly text: string
  readonly tokenEvents: number
  /** The name of the event that ended it. */
  readonly end: string | undefined
}

/** The names of events that have text, reasoning or arguments of a tool call. */
const PIECES = new Set([undefined, 'reasoning', 'tool-arguments'])
/** The names of events around the arguments of a tool call. */
const AROUND = new Set(['tool-call', 'tool-call-end'])

/** Reads the body of a job's stream. */
export function readJobStream(body: string): ReceivedJob {
  const frames = body.split('\n\n').map(fieldsOf)
  const tokens = frames.filter(({ event, data }) => PIECES.has(event) && data !== undefined)
  return {
    text: tokens.map(({ data = '' }) => Token.parse(JSON.parse(data)).token).join(''),
    tokenEvents: tokens.length,
    end: frames.find(({ event }) => !PIECES.has(event) && !(event && AROUND.has(event)))?.event,
  }
}

/** The text of a stream, and whether it has the end of a whole answer. */
interface ReceivedAnswer {
  readonly text: string
  readonly isComplete: boolean
}

/** Reads the body of a streamed chat completion. */
export function readChatStream(body: string): ReceivedAnswer {
  const data = dataOf(body)
  const text = data
    .filter((item) => item !== '[DONE]')
    .map((item) => saidBy(Chunk.parse(JSON.parse(item)).choices[0]?.delta))
    .join('')
  return { text, isComplete: data.at(-1) === '[DONE]' }
}

/** The piece of a chunk: of text, reasoning or arguments of a tool call. */
function saidBy(delta: z.infer<typeof Delta> = {}): string {
  return `${delta.reasoning_content ?? ''}${delta.content ?? ''}${delta.tool_calls?.[0]?.function.arguments ?? ''}`
}

/** Reads the body of a streamed response of OpenAI's Responses API. Its last event has to have the same text. */
export function readResponseStream(body: string): ReceivedAnswer {
  const events = dataOf(body)
    .filter((item) => item !== '[DONE]')
    .map((item) => ResponseEvent.parse(JSON.parse(item)))
  const text = events.map(({ type, delta }) => (type === 'response.output_text.delta' ? delta : '')).join('')
  const last = events.at(-1)
  const output = last?.type === 'response.completed' ? last.response?.output : undefined
  const whole = output?.flatMap(({ content }) => content.map((part) => part.text)).join('')
  return { text, isComplete: whole === text }
}

/** Reads the body of a streamed message of Anthropic's API. */
export function readMessageStream(body: string): ReceivedAnswer {
  const events = dataOf(body).map((item) => MessageEvent.parse(JSON.parse(item)))
  return {
    text: events.map(({ delta }) => delta?.text ?? '').join(''),
    isComplete: events.at(-1)?.type === 'message_stop',
  }
}

function dataOf(body: string): string[] {
  return body.split('\n\n').flatMap((frame) => fieldsOf(frame).data ?? [])
}

function fieldsOf(frame: string): { event?: string; data?: string } {
  const fields: { event?: string; data?: string } = {}
  for (const line of frame.split('\n')) {
    if (line.startsWith('data: ')) fields.data = line.slice(6)
    else if (line.startsWith('event: ')) fields.event = line.slice(7)
  }
  return fields
}
