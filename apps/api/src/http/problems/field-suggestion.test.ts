import { createJobBody, JobListQuery } from '@promptlab/contract'
import { describe, expect, it } from 'vitest'
import { fieldsOf, suggestField } from './field-suggestion.ts'

const FIELDS = fieldsOf(createJobBody(100))

it('fieldsOf lists the fields of a schema and those inside them', () => {
  expect(FIELDS).toEqual([
    'prompt',
    'provider',
    'model',
    'options',
    'options.system',
    'options.temperature',
    'options.maxTokens',
  ])
  expect(fieldsOf(JobListQuery)).toEqual(['limit', 'cursor', 'status', 'provider'])
})

describe('suggestField', () => {
  it.each([
    ['max_tokens', 'options.maxTokens'],
    ['maxtokens', 'options.maxTokens'],
    ['maxTokens', 'options.maxTokens'],
    ['MAX-TOKENS', 'options.maxTokens'],
    ['max_output_tokens', 'options.maxTokens'],
    ['maxCompletionTokens', 'options.maxTokens'],
    ['max_token', 'options.maxTokens'],
    ['Temperature', 'options.temperature'],
    ['temprature', 'options.temperature'],
    ['system_prompt', 'options.system'],
    ['systemInstruction', 'options.system'],
    ['promt', 'prompt'],
    ['prompts', 'prompt'],
    ['userPrompt', 'prompt'],
    ['modle', 'model'],
    ['modelName', 'model'],
    ['model_id', 'model'],
    ['option', 'options'],
    ['Provider', 'provider'],
  ])('suggests for %s the field %s', (name, field) => expect(suggestField(name, FIELDS)).toBe(field))

  it.each(['stream', 'n', 'seed', 'top_p', 'messages', 'input', 'tools', 'stop', '', '_', '🙂'])(
    'suggests nothing for "%s"',
    (name) => expect(suggestField(name, FIELDS)).toBeUndefined(),
  )

  it('suggests nothing for a name of a megabyte', () => {
    expect(suggestField(`prompt${'_'.repeat(1_000_000)}`, FIELDS)).toBeUndefined()
  })
})
