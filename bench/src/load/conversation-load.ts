import { performance } from 'node:perf_hooks'
import { z } from 'zod'
import type { Task } from '../processes/task.ts'
import { sampleText } from '../vendor/sample-text.ts'
import { type Answer, send, textOf } from './http-client.ts'
import { readJobStream } from './received-text.ts'
import { Checked, TextCheck } from './wrong-texts.ts'

/** Each question is a script with padding, and has so many characters. */
const QUESTION_CHARS = 240
/** An answer of so many tokens has about as many characters. */
const TOKENS = 56

const Message = z.object({ role: z.enum(['user', 'assistant']), content: z.string() })
const Conversation = z.object({
  /** What was said before the last question. */
  messages: z.array(Message),
  /** The last job. */
  jobId: z.string(),
})
type Conversation = z.infer<typeof Conversation>

const Form = z.enum(['chain', 'whole'])
const Talk = z.object({
  url: z.string(),
  /** `chain`: each job names the one before. `whole`: each job has all earlier messages, as a client without state sends them. */
  form: Form,
  turns: z.int(),
  seed: z.int(),
  /** What was said before. Undefined: nothing. */
  before: Conversation.optional(),
})
const TalkOutcome = z.object({ conversation: Conversation, checked: Checked })

/** Holds a conversation, one turn at a time. */
export const holdConversation: Task<z.infer<typeof Talk>, z.infer<typeof TalkOutcome>> = {
  name: 'hold-conversation',
  params: Talk,
  result: TalkOutcome,
  run: async ({ url, form, turns, seed, before }) => {
    const texts = new TextCheck()
    let conversation = before
    for (let turn = 0; turn < turns; turn += 1) {
      const question = questionOf(seed + turn)
      const { jobId, text } = await ask(url, bodyOf(form, question, conversation), seed + turn, texts)
      const messages = [
        ...(conversation?.messages ?? []),
        user(question),
        { role: 'assistant' as const, content: text },
      ]
      conversation = { messages, jobId }
    }
    if (!conversation) throw new Error('A conversation has at least one turn')
    return { conversation, checked: texts.result() }
  },
}

const NextTurns = z.object({ url: z.string(), conversation: Conversation, rounds: z.int(), seed: z.int() })
const Times = z.array(z.number())
/** From the request to the first token, in milliseconds, in each round. */
const NextTurnsOutcome = z.object({ plainMs: Times, chainMs: Times, wholeMs: Times, checked: Checked })

/** Asks for the next turn again and again: by the name of the last job, with the whole conversation, and without any of it. */
export const loadNextTurns: Task<z.infer<typeof NextTurns>, z.infer<typeof NextTurnsOutcome>> = {
  name: 'load-next-turns',
  params: NextTurns,
  result: NextTurnsOutcome,
  run: async ({ url, conversation, rounds, seed }) => {
    const texts = new TextCheck()
    const times: Record<'plainMs' | 'chainMs' | 'wholeMs', number[]> = { plainMs: [], chainMs: [], wholeMs: [] }
    for (let round = 0; round < rounds; round += 1) {
      const number = seed + round
      const question = questionOf(number)
      times.plainMs.push((await ask(url, bodyOf('chain', question), number, texts)).firstTokenMs)
      times.chainMs.push((await ask(url, bodyOf('chain', question, conversation), number, texts)).firstTokenMs)
      times.wholeMs.push((await ask(url, bodyOf('whole', question, conversation), number, texts)).firstTokenMs)
    }
    return { ...times, checked: texts.result() }
  },
}

function questionOf(seed: number): string {
  const script = { seed, tokens: TOKENS, pauseMs: 0, padding: '' }
  const padding = 'x'.repeat(QUESTION_CHARS - JSON.stringify(script).length)
  return JSON.stringify({ ...script, padding })
}

function user(content: string): z.infer<typeof Message> {
  return { role: 'user', content }
}

function bodyOf(form: z.infer<typeof Form>, question: string, before?: Conversation): object {
  if (!before) return { prompt: question }
  return form === 'chain'
    ? { prompt: question, previousJobId: before.jobId }
    : { messages: [...before.messages, user(question)] }
}

async function ask(url: string, body: object, seed: number, texts: TextCheck) {
  const startedAt = performance.now()
  const json = JSON.stringify({ ...body, provider: 'openai', model: 'bench' })
  const answer = await send('POST', `${url}/jobs`, json, { accept: 'text/event-stream' })
  const first = firstTokenOf(answer)
  const received = readJobStream(await textOf(answer))
  texts.expect(`turn ${seed}`, received.text, sampleText(seed, TOKENS), received.end === 'metrics')
  const jobId = answer.body.headers.location?.split('/').at(-1) ?? ''
  return { jobId, text: received.text, firstTokenMs: (await first) - startedAt }
}

/** When the first token comes. */
function firstTokenOf({ body }: Answer): Promise<number> {
  return new Promise((resolve) => {
    // Every text begins with a number sign, and the bytes before the text have none.
    body.on('data', (chunk: Buffer) => {
      if (chunk.includes('#')) resolve(performance.now())
    })
    body.once('close', () => resolve(Number.NaN))
  })
}
