import { createJobBody, JobListQuery } from '@promptlab/contract'
import { expect, it } from 'vitest'
import { fieldsOf, suggestField } from './field-suggestion.ts'

const FIELDS = fieldsOf(createJobBody(100))

it('knows the fields of a schema, and those inside them', () => {
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
])('takes %s for %s', (name, field) => expect(suggestField(name, FIELDS)).toBe(field))

it.each(['stream', 'n', 'seed', 'top_p', 'messages', 'input', 'tools', 'stop', '', '_', '🙂'])(
  'takes "%s" for no field',
  (name) => expect(suggestField(name, FIELDS)).toBeUndefined(),
)

it('compares no name that is longer than any field', () => {
  expect(suggestField(`prompt${'_'.repeat(1_000_000)}`, FIELDS)).toBeUndefined()
})
