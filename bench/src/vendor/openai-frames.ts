import type { Pieces } from './script.ts'

interface Frames {
  readonly start: string
  readonly tokens: string[]
  readonly end: string
}

/** A stream as OpenAI sends it: the role, the tokens, the end. Each entry is one network write. */
export function openAIFrames(tokens: readonly string[], pieces: Pieces = 'text'): Frames {
  const { opening, token, closing, reason } = DELTAS[pieces]
  return {
    start: choice({ role: 'assistant', content: '', refusal: null }) + opening,
    tokens: tokens.map((text) => choice(token(text))),
    end: `${closing}${choice({}, reason)}${chunk({ choices: [], usage: usage(12, tokens.length) })}data: [DONE]\n\n`,
  }
}

/** The frames around the tokens of a kind, and the delta of a token. */
const DELTAS: Readonly<
  Record<Pieces, { opening: string; token: (text: string) => object; closing: string; reason: string }>
> = {
  text: { opening: '', token: (text) => ({ content: text }), closing: '', reason: 'stop' },
  reasoning: {
    opening: '',
    token: (text) => ({ reasoning_content: text }),
    closing: choice({ content: '.' }),
    reason: 'stop',
  },
  tool: {
    opening: choice({ tool_calls: [{ index: 0, id: 'call_bench', type: 'function', function: opened() }] }),
    token: (text) => call(JSON.stringify(text).slice(1, -1)),
    closing: choice(call('"}')),
    reason: 'tool_calls',
  },
}

function opened(): object {
  return { name: 'write', arguments: '{"text":"' }
}

function call(text: string): object {
  return { tool_calls: [{ index: 0, function: { arguments: text } }] }
}

function choice(delta: object, finish_reason: string | null = null): string {
  return chunk({ choices: [{ index: 0, delta, logprobs: null, finish_reason }], usage: null })
}

function chunk(fields: object): string {
  const common = {
    id: 'chatcmpl-CfXq1Jk0bPzQm3n8tV5yR2dW7sLuE',
    object: 'chat.completion.chunk',
    created: 1_795_451_522,
    model: 'bench',
    service_tier: 'default',
    system_fingerprint: 'fp_50cad350e4',
  }
  return `data: ${JSON.stringify({ ...common, ...fields })}\n\n`
}

function usage(prompt_tokens: number, completion_tokens: number): object {
  return { prompt_tokens, completion_tokens, total_tokens: prompt_tokens + completion_tokens }
}
