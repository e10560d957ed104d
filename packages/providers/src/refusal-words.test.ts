import { describe, expect, it } from 'vitest'
import { codeOfWords } from './refusal-words.ts'

describe('codeOfWords', () => {
  it.each([
    "This model's maximum context length is 8192 tokens. However, you requested 9000 tokens",
    'Please reduce the length of the messages or completion. context_length_exceeded',
    'prompt is too long: 210000 tokens > 200000 maximum',
    'The input token count (1100000) exceeds the maximum number of tokens allowed (1048576).',
    'the request exceeds the available context size. try increasing the context size',
    'Prompt contains 40000 tokens and 0 draft tokens, too large for model with 32768 maximum context length',
    "This model's maximum prompt length is 131072 but the request contains 537812 tokens.",
    'Your input exceeds the context window of this model.',
  ])('knows words about a prompt that is too long: %s', (words) => {
    expect(codeOfWords(words)).toBe('prompt-too-long')
  })

  it.each([
    'The model `gpt-9` does not exist or you do not have access to it.',
    'acme/m is not a valid model ID',
    'Model Not Exist',
    'Invalid model: mistral-huge',
    'model "llama9" not found, try pulling it first',
    'Model not found, inaccessible, and/or not deployed',
    'The model `m` has been decommissioned and is no longer supported.',
    'model_not_found',
  ])('knows words about a model that is not there: %s', (words) => {
    expect(codeOfWords(words)).toBe('model-unavailable')
  })

  it.each([
    'max_tokens is too large: 50000. This model supports at most 16384 completion tokens',
    "Unsupported parameter: 'temperature' is not supported with this model.",
    'Invalid image data',
    'This model does not support tools',
  ])('leaves other words alone: %s', (words) => {
    expect(codeOfWords(words)).toBeUndefined()
  })
})
