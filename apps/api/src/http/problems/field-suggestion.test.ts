import { createJobBody, JobListQuery, rerunJobBody } from '@promptlab/contract'
import { describe, expect, it } from 'vitest'
import { fieldsOf, suggestField } from './field-suggestion.ts'

const FIELDS = fieldsOf(createJobBody({ maxPromptChars: 100, schemaFault: () => undefined }))

it('fieldsOf lists the fields of a schema and those inside them', () => {
  expect(FIELDS).toEqual([
    'prompt',
    'messages',
    'previousJobId',
    'provider',
    'model',
    'options',
    'options.system',
    'options.temperature',
    'options.maxTokens',
    'options.topP',
    'options.stop',
    'options.seed',
    'options.presencePenalty',
    'options.frequencyPenalty',
    'options.reasoning',
    'options.reasoning.effort',
    'options.tools',
    'options.toolChoice',
    'options.parallelToolCalls',
    'options.responseFormat',
    'options.vendor',
    'fallbacks',
    'maxCostUsd',
    'webhook',
    'webhook.url',
    'metadata',
  ])
  const rerun = fieldsOf(rerunJobBody({ maxPromptChars: 10, schemaFault: () => undefined }))
  expect(rerun).toEqual(expect.arrayContaining(['provider', 'options', 'webhook']))
  expect(fieldsOf(JobListQuery)).toEqual([
    'limit',
    'cursor',
    'status',
    'provider',
    'model',
    'search',
    'createdFrom',
    'createdBefore',
  ])
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
    ['top_p', 'options.topP'],
    ['seed', 'options.seed'],
    ['stop', 'options.stop'],
    ['tools', 'options.tools'],
    ['tool_choice', 'options.toolChoice'],
    ['response_format', 'options.responseFormat'],
    ['reasoning_effort', 'options.reasoning'],
    ['Provider', 'provider'],
  ])('suggests for %s the field %s', (name, field) => expect(suggestField(name, FIELDS)).toBe(field))

  it.each(['stream', 'n', 'input', '', '_', '🙂'])('suggests nothing for "%s"', (name) =>
    expect(suggestField(name, FIELDS)).toBeUndefined(),
  )

  it('suggests nothing for a name of a megabyte', () => {
    expect(suggestField(`prompt${'_'.repeat(1_000_000)}`, FIELDS)).toBeUndefined()
  })
})
