import type { UIMessage } from 'ai'
import type { OutputPart } from '../answer.ts'
import type { ShownMessage, ShownPart } from '../content.ts'
import { type FinalJob, isFinalJob, type Job } from '../job.ts'
import type { CallOptions, PromptLabClient } from '../promptlab-client.ts'
import { type JobUIMessage, measured } from './answer-metadata.ts'
import { JobContent, partsOf } from './job-content.ts'
import { NOT_JSON, parsedArguments } from './part-chunks.ts'
import { isToolPart } from './tool-part.ts'

type Part = UIMessage['parts'][number]

/** What a job says of a chat. */
export interface JobMessages {
  /** The messages before the answer, without those parts of it that came before this job. */
  readonly asked: JobUIMessage[]
  /** The parts of the answer that came before this job: calls of tools and their results. */
  readonly earlier: Part[]
}

/** The messages that a job was made of. Their ids follow from their order, so that they are the same wherever they are made. */
export async function askedMessages(
  client: PromptLabClient,
  job: Job,
  chatId: string,
  options: CallOptions = {},
): Promise<JobMessages> {
  const content = new JobContent(client, job, options)
  const asked: JobUIMessage[] = []
  const messages: ShownMessage[] = job.messages ?? [{ role: 'user', content: job.prompt }]
  for (const message of messages) {
    const last = asked.at(-1)
    if (message.role === 'tool') await addResults(last?.parts ?? [], message, content)
    else if (message.role === 'assistant') {
      const parts: Part[] = [{ type: 'step-start' }, ...(await uiParts(partsOf(message), content))]
      if (last?.role === 'assistant') last.parts.push(...parts)
      else asked.push({ id: `${chatId}-${asked.length}`, role: 'assistant', parts })
    } else {
      const parts = await uiParts(partsOf(message), content)
      asked.push({ id: `${chatId}-${asked.length}`, role: message.role, parts })
    }
  }
  const earlier = asked.at(-1)?.role === 'assistant' ? asked.pop() : undefined
  return { asked, earlier: earlier?.parts ?? [] }
}

/** The parts of the answer of a job that came before it. Reads nothing else of what the job was made of. */
export async function earlierParts(client: PromptLabClient, job: Job, chatId: string): Promise<Part[]> {
  const messages = job.messages ?? []
  const answered = messages.slice(messages.findLastIndex(({ role }) => role === 'user') + 1)
  return (await askedMessages(client, { ...job, messages: answered }, chatId)).earlier
}

/** The answer of a job that has ended, with the parts before it; undefined if there is nothing to show. */
export function endedAnswer(job: Job, earlier: readonly Part[], messageId: string): JobUIMessage | undefined {
  const isEnded = isFinalJob(job)
  if (!isEnded && earlier.length === 0) return undefined
  const parts: Part[] = isEnded ? [{ type: 'step-start' }, ...outputParts(job.output ?? textOutput(job))] : []
  const metadata = {
    jobId: job.id,
    status: job.status,
    ...(job.status === 'failed' && { error: job.error.message }),
    ...(isEnded && measured(job.metrics)),
  }
  return { id: messageId, role: 'assistant', parts: [...earlier, ...parts], metadata }
}

async function uiParts(parts: readonly ShownPart[], content: JobContent): Promise<Part[]> {
  const made = await Promise.all(
    parts.map(async (part): Promise<Part | undefined> => {
      switch (part.type) {
        case 'text':
        case 'refusal':
          return { type: 'text', text: await content.text(part), state: 'done' }
        case 'reasoning':
          return { type: 'reasoning', text: await content.text(part), state: 'done' }
        case 'image':
        case 'file': {
          const filename = part.type === 'file' ? part.name : undefined
          const mediaType = part.mediaType ?? (part.type === 'image' ? 'image' : 'application/pdf')
          return { type: 'file', mediaType, url: await content.url(part), ...(filename && { filename }) }
        }
        case 'tool-call':
          return toolPart(part.callId, part.name, await content.text(part.arguments))
        case 'tool-result':
          return undefined
      }
    }),
  )
  return made.filter((part) => part !== undefined)
}

async function addResults(parts: Part[], message: ShownMessage, content: JobContent): Promise<void> {
  for (const result of partsOf(message)) {
    if (result.type !== 'tool-result') continue
    const index = parts.findLastIndex((part) => isToolPart(part) && part.toolCallId === result.callId)
    const call = parts[index]
    if (!call || !isToolPart(call) || call.type === 'dynamic-tool') continue
    const { type, toolCallId, input } = call
    const output = outputOf(await content.result(result.content))
    parts[index] = { type, toolCallId, input, state: 'output-available', output }
  }
}

/** A result as the page gave it: text, or a value that was sent as JSON. */
function outputOf(text: string): unknown {
  return (/^\s*[[{]/.test(text) && parsedArguments(text)?.input) || text
}

function outputParts(output: readonly OutputPart[]): Part[] {
  return output.map((part): Part => {
    if (part.type !== 'tool-call') {
      const type = part.type === 'reasoning' ? 'reasoning' : 'text'
      return { type, text: part.text, state: part.incomplete ? 'streaming' : 'done' }
    }
    if (!part.incomplete) return toolPart(part.callId, part.name, part.arguments)
    const { callId, name, arguments: rawInput } = part
    return { type: `tool-${name}`, toolCallId: callId, state: 'input-streaming', input: undefined, rawInput }
  })
}

function textOutput({ status, result }: FinalJob): OutputPart[] {
  if (result === '') return []
  return [{ type: 'text', text: result, ...(status !== 'completed' && { incomplete: true }) }]
}

function toolPart(toolCallId: string, name: string, text: string): Part {
  const call = { type: `tool-${name}` as const, toolCallId }
  const parsed = parsedArguments(text)
  if (parsed) return { ...call, state: 'input-available', input: parsed.input }
  return { ...call, state: 'output-error', input: text, errorText: NOT_JSON }
}
