/** A stream as OpenAI sends it: the role, the tokens, the end. Each entry is one network write. */
export function openAIFrames(
  tokens: readonly string[],
  isReasoning = false,
): { start: string; tokens: string[]; end: string } {
  return {
    start: choice({ role: 'assistant', content: '', refusal: null }),
    tokens: tokens.map((text) => choice(isReasoning ? { reasoning_content: text } : { content: text })),
    end: `${isReasoning ? choice({ content: '.' }) : ''}${choice({}, 'stop')}${chunk({ choices: [], usage: usage(12, tokens.length) })}data: [DONE]\n\n`,
  }
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
