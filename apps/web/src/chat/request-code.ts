import type { Job, ShownMessage } from '@promptlab/client'

/** The languages in which a request can be written. */
export const CODES = ['curl', 'TypeScript', 'OpenAI SDK'] as const
export type Code = (typeof CODES)[number]

/** The language of each for highlighting. */
export const HIGHLIGHTED_AS: Readonly<Record<Code, string>> = { curl: 'sh', TypeScript: 'ts', 'OpenAI SDK': 'ts' }

/**
 * A program that asks what a job was asked.
 * @param origin the address of the server
 */
export function requestCode(code: Code, job: Job, origin: string): string {
  switch (code) {
    case 'curl':
      return curl(job, origin)
    case 'TypeScript':
      return typescript(job, origin)
    case 'OpenAI SDK':
      return openai(job, origin)
  }
}

/** The body of `POST /jobs` that makes such a job. */
function bodyOf({ prompt, messages, previousJobId, provider, model, options, fallbacks, maxCostUsd }: Job): object {
  return { provider, model, ...(messages ? { messages } : { prompt }), previousJobId, options, fallbacks, maxCostUsd }
}

/** Whether the server keeps content of a job by its item, which a request cannot name. Such a job can be run again by its id. */
function hasItems({ messages = [] }: Job): boolean {
  return JSON.stringify(messages).includes('"item":')
}

function curl(job: Job, origin: string): string {
  const path = hasItems(job) ? `/jobs/${job.id}/rerun` : '/jobs'
  const body = hasItems(job) ? '{}' : JSON.stringify(bodyOf(job), undefined, 2).replaceAll("'", `'\\''`)
  return `curl -N ${origin}${path} \\
  -H "Authorization: Bearer $PROMPTLAB_KEY" \\
  -H 'content-type: application/json' -H 'accept: text/event-stream' \\
  -d '${body}'`
}

function typescript(job: Job, origin: string): string {
  const run = hasItems(job)
    ? `const { id } = await client.rerun('${job.id}')\nconst run = client.stream(id)`
    : `const run = client.run(${literal(bodyOf(job))})`
  return `import { PromptLabClient } from '@promptlab/client'

const client = new PromptLabClient({ baseUrl: '${origin}', apiKey: 'KEY' }) // without API keys, any text
${run}
for await (const token of run) process.stdout.write(token)`
}

function openai(job: Job, origin: string): string {
  const { prompt, messages, previousJobId, provider, model, options = {} } = job
  const { system, temperature, topP, maxTokens, reasoning, parallelToolCalls, tools, responseFormat, ...others } =
    options
  const request = {
    model: `${provider}/${model}`,
    input: messages?.map(inputItem) ?? prompt,
    previous_response_id: previousJobId && `resp_${previousJobId.replaceAll('-', '')}`,
    instructions: system,
    temperature,
    top_p: topP,
    max_output_tokens: maxTokens,
    reasoning: reasoning && { effort: reasoning.effort },
    parallel_tool_calls: parallelToolCalls,
    tools: tools?.map((tool) => ({ type: 'function', strict: false, ...tool })),
    text:
      responseFormat?.type === 'json-schema'
        ? { format: { ...responseFormat, type: 'json_schema' } }
        : responseFormat?.type === 'json'
          ? { format: { type: 'json_object' } }
          : undefined,
    stream: true,
  }
  const left = Object.keys(others)
  const notes = [
    ...(left.length > 0 ? [`// The Responses API has no field for: ${left.join(', ')}.`] : []),
    ...(messages ? ['// Only texts are here. Add images, files and tool calls yourself.'] : []),
  ]
  const note = notes.map((line) => `${line}\n`).join('')
  return `import OpenAI from 'openai'

const openai = new OpenAI({ baseURL: '${origin}/v1', apiKey: 'KEY' }) // without API keys, any text
${note}const stream = await openai.responses.create(${literal(request)})
for await (const event of stream) {
  if (event.type === 'response.output_text.delta') process.stdout.write(event.delta)
}`
}

function inputItem({ role, content }: ShownMessage): object {
  const text =
    typeof content === 'string'
      ? content
      : content.flatMap((part) => (part.type === 'text' && 'text' in part ? part.text : [])).join('\n')
  return { role: role === 'tool' ? 'user' : role, content: text }
}

/** A value as TypeScript: JSON whose plain names have no quotes. */
function literal(value: object): string {
  return JSON.stringify(value, undefined, 2).replaceAll(/^(\s*)"([A-Za-z_]\w*)":/gm, '$1$2:')
}
