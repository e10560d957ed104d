import { z } from 'zod'
import { Fallback, MAX_FALLBACKS } from './fallback.ts'
import { notA } from './issue-sentence.ts'
import { JobOptions } from './job-options.ts'
import { MaxCostUsd } from './max-cost.ts'
import { MAX_MESSAGES, MAX_PARTS, Message } from './message.ts'
import { Metadata } from './metadata.ts'
import { Webhook } from './webhook.ts'

/** What a server accepts in the body of `POST /jobs`. */
export interface CreateJobLimits {
  /** The longest text, in Unicode code points, as zod and JSON Schema count. */
  readonly maxPromptChars: number
  /** Says what is wrong with a JSON Schema, as a sentence without its end. Undefined: the schema is valid. */
  readonly schemaFault: (schema: Readonly<Record<string, unknown>>) => string | undefined
}

/** What is wrong with a body that is no object. */
export const NO_OBJECT = {
  error: ({ code, input }: z.core.$ZodRawIssue) => (code === 'invalid_type' ? noObject(input) : undefined),
}

/** The fields of a job that do not say what its input is. */
export function createJobFields({ maxPromptChars }: CreateJobLimits) {
  const system = z
    .string()
    .min(1)
    .max(maxPromptChars, `The system text is longer than ${maxPromptChars} characters`)
    .optional()
    .describe('Instructions to the model, which come before the prompt.')
  return {
    provider: z.string().min(1).max(200).describe('A name from `GET /providers`.'),
    model: z.string().min(1).max(200).describe('A model of that provider.'),
    options: JobOptions.extend({ system }),
    fallbacks: z
      .array(Fallback)
      .max(MAX_FALLBACKS)
      .describe(
        'Who is asked instead, in this order, when a vendor fails or takes no more requests. Only as long as nothing of the answer came. Absent: those that the operator names for the model. Empty: none.',
      ),
    maxCostUsd: MaxCostUsd,
    webhook: Webhook,
    metadata: Metadata,
  }
}

/** The body of `POST /jobs`. */
export function createJobBody(limits: CreateJobLimits) {
  const { maxPromptChars, schemaFault } = limits
  const { provider, model, options, fallbacks, maxCostUsd, webhook, metadata } = createJobFields(limits)
  return z
    .strictObject(
      {
        prompt: z
          .string()
          .max(maxPromptChars)
          .regex(/\S/, 'Must not be blank')
          .optional()
          .describe('The prompt of the model. A body has either `prompt` or `messages`.'),
        messages: z
          .array(Message)
          .min(1)
          .max(MAX_MESSAGES)
          .optional()
          .describe('A conversation, oldest message first. A body has either `prompt` or `messages`.'),
        previousJobId: z
          .string()
          .min(1)
          .max(200)
          .optional()
          .describe('The conversation goes on behind the answer of this job, which is the same caller’s.'),
        provider,
        model,
        options: options.optional(),
        fallbacks: fallbacks.optional(),
        maxCostUsd: maxCostUsd.optional(),
        webhook: webhook.optional(),
        metadata: metadata.optional(),
      },
      NO_OBJECT,
    )
    .check(
      z.superRefine(
        ({ prompt, messages }, context) => {
          if (prompt === undefined && messages === undefined)
            context.addIssue({ code: 'custom', path: ['prompt'], message: 'Is required, or messages' })
          if (prompt !== undefined && messages !== undefined)
            context.addIssue({ code: 'custom', path: ['messages'], message: 'Give either prompt or messages' })
        },
        // Also if the body has other faults, so that a caller learns of all of them.
        { when: ({ value }) => typeof value === 'object' && value !== null && !Array.isArray(value) },
      ),
      z.superRefine((body, context) => {
        for (const { path, message } of [
          ...messageFaults(body, maxPromptChars),
          ...toolFaults(body),
          ...schemaFaults(body, schemaFault),
        ])
          context.addIssue({ code: 'custom', path: [...path], message })
      }),
    )
}
export type CreateJobBody = z.infer<ReturnType<typeof createJobBody>>

/** A fault of a body. */
export interface JobFault {
  readonly path: readonly PropertyKey[]
  readonly message: string
}

function messageFaults({ messages = [] }: Pick<CreateJobBody, 'messages'>, maxChars: number): JobFault[] {
  return messages.flatMap(({ content }, index) => contentFaults(content, ['messages', index, 'content'], maxChars))
}

function contentFaults(content: Message['content'], path: readonly PropertyKey[], maxChars: number): JobFault[] {
  const faults = textsOf(content)
    .filter(({ text }) => isLonger(text, maxChars))
    .map((long) => ({ path: [...path, ...long.path], message: `Is longer than ${maxChars} characters` }))
  const hasTooMany = Array.isArray(content) && content.length > MAX_PARTS
  return hasTooMany ? [{ path, message: `Has more than ${MAX_PARTS} parts` }, ...faults] : faults
}

interface PlacedText {
  readonly path: readonly PropertyKey[]
  readonly text: string
}

/** Every text of a message, with its path in the content. */
function textsOf(content: Message['content']): PlacedText[] {
  if (typeof content === 'string') return [{ path: [], text: content }]
  return content.flatMap((part, index): PlacedText[] => {
    switch (part.type) {
      case 'text':
        return [{ path: [index, 'text'], text: part.text }]
      case 'tool-call':
        return [{ path: [index, 'arguments'], text: part.arguments }]
      case 'tool-result':
        return textsOf(part.content).map(({ path, text }) => ({ path: [index, 'content', ...path], text }))
      default:
        return []
    }
  })
}

function isLonger(text: string, maxChars: number): boolean {
  // A code point takes one code unit or two, so most texts need no count.
  return text.length > maxChars && (text.length > 2 * maxChars || [...text].length > maxChars)
}

/** What is wrong with the tools of a job, as far as their options must fit each other. */
export function toolFaults({ options }: Pick<CreateJobBody, 'options'>): JobFault[] {
  const { tools = [], toolChoice } = options ?? {}
  const names = tools.map(({ name }) => name)
  const faults = names.flatMap((name, index): JobFault[] =>
    names.indexOf(name) === index
      ? []
      : [{ path: ['options', 'tools', index, 'name'], message: `There is another tool ${name}` }],
  )
  const path = ['options', 'toolChoice']
  if (typeof toolChoice === 'object' && !names.includes(toolChoice.name))
    faults.push({ path, message: `There is no tool ${toolChoice.name} among the tools` })
  if (toolChoice === 'required' && names.length === 0) faults.push({ path, message: 'There are no tools to call' })
  return faults
}

/** What is wrong with the JSON Schemas of a job. */
export function schemaFaults(
  { options }: Pick<CreateJobBody, 'options'>,
  schemaFault: CreateJobLimits['schemaFault'],
): JobFault[] {
  const { tools = [], responseFormat } = options ?? {}
  const schemas = tools.map(({ parameters }, index) => ({ path: ['tools', index, 'parameters'], schema: parameters }))
  if (responseFormat?.type === 'json-schema')
    schemas.push({ path: ['responseFormat', 'schema'], schema: responseFormat.schema })
  return schemas.flatMap(({ path, schema }) => {
    const message = schema && schemaFault(schema)
    return message === undefined ? [] : [{ path: ['options', ...path], message }]
  })
}

function noObject(body: unknown): string {
  if (body === undefined || body === null) return 'The body is empty. Send a JSON object.'
  return `The body must be a JSON object${notA(body)}`
}
