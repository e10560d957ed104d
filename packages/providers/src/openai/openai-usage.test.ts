import { describe, expect, it } from 'vitest'
import { openAIUsage } from './openai-usage.ts'

const COUNTS = { prompt_tokens: 10, completion_tokens: 5 }

describe('what an OpenAI-compatible server charges', () => {
  it.each<[string, object, number | undefined]>([
    ['in the usage of OpenRouter', { cost: 0.0123 }, 0.0123],
    ['for a free model', { cost: 0 }, 0],
    [
      'with a key of the vendor behind OpenRouter, whose cost comes on top of the fee',
      { cost: 0.001, is_byok: true, cost_details: { upstream_inference_cost: 0.02 } },
      0.021,
    ],
    [
      'without such a key, where the cost has it already',
      { cost: 0.02, is_byok: false, cost_details: { upstream_inference_cost: 0.02 } },
      0.02,
    ],
    ['in the parts of Perplexity', { cost: { input_tokens_cost: 1, total_cost: 2.5 } }, 2.5],
    ['not at all', {}, undefined],
    ['as null', { cost: null }, undefined],
    ['as a text', { cost: '0.1' }, undefined],
    ['as a number below 0', { cost: -1 }, undefined],
    ['as more than a call can cost', { cost: 1e300 }, undefined],
  ])('is read %s', (_, fields, costUsd) => {
    const { costUsd: read, usage } = openAIUsage({ usage: { ...COUNTS, ...fields } }, undefined)
    expect(read).toBe(costUsd)
    expect(usage).toEqual({ inputTokens: 10, outputTokens: 5 })
  })
})
