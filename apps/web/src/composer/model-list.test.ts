import type { ProviderInfo } from '@promptlab/client'
import { describe, expect, it } from 'vitest'
import { modelGroups } from './model-list.ts'

const provider = (
  name: string,
  models: string[],
  { anyName = false, missing = [] as string[] } = {},
): ProviderInfo => ({
  name,
  models,
  modelList: { source: 'vendor', anyName },
  configured: missing.length === 0,
  missing,
  capabilities: { messages: true, options: [], responseFormats: [], imageTypes: [], fileTypes: [], urls: false },
})

const PROVIDERS = [
  provider('gemini', ['gemini-3'], { missing: ['GEMINI_API_KEY'] }),
  provider('openai', ['gpt-5', 'gpt-5-mini'], { anyName: true }),
  provider('echo', ['echo']),
]

const namesOf = (typed: string) =>
  modelGroups(PROVIDERS, typed).map(({ provider, models, missing }) => [
    provider,
    models.map(({ model }) => model),
    missing,
  ])

describe('modelGroups', () => {
  it('lists usable providers first, and the variables of the others behind them', () => {
    expect(namesOf('')).toEqual([
      ['openai', ['gpt-5', 'gpt-5-mini'], []],
      ['echo', ['echo'], []],
      ['gemini', [], ['GEMINI_API_KEY']],
    ])
  })

  it('keeps the models that have all typed words in their names or that of their provider', () => {
    expect(namesOf('MINI openai')).toEqual([['openai', ['gpt-5-mini'], []]])
    expect(namesOf('gemini-3').at(-1)).toEqual(['gemini', [], ['GEMINI_API_KEY']])
  })

  it('offers a name that is not listed where the provider takes any', () => {
    expect(namesOf('gpt-9')).toEqual([['openai', ['gpt-9'], []]])
    expect(namesOf('gpt-5')).toEqual([['openai', ['gpt-5', 'gpt-5-mini'], []]])
  })
})
