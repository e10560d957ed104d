import { ProviderErrorCode } from '@promptlab/contract'
import { ProviderError } from '@promptlab/providers'
import { describe, expect, it } from 'vitest'
import { optionsFor } from '../options-for.ts'
import { Choices, mayPassOn, ProviderGoneError } from './choices.ts'
import { AnswerTooLongError, JobCancelledError, JobInterruptedError } from './job-failure.ts'

const JOB = { provider: 'openai', model: 'gpt-4', fallbacks: [{ provider: 'gemini', model: 'pro' }] }

describe('a failure', () => {
  it.each(ProviderErrorCode.options.map((code) => [code, code !== 'provider-rejected'] as const))(
    'of the code %s is passed on: %s',
    (code, isPassedOn) => {
      expect(mayPassOn(new ProviderError('Failed', { code }))).toBe(isPassedOn)
    },
  )

  it.each([new JobCancelledError(), new JobInterruptedError(), new AnswerTooLongError('1 part'), new Error('A bug')])(
    'that is no vendor’s is not passed on: $name',
    (error) => {
      expect(mayPassOn(error)).toBe(false)
    },
  )

  it('of a provider that is not there any more is passed on', () => {
    expect(mayPassOn(new ProviderGoneError('openai'))).toBe(true)
  })
})

describe('Choices', () => {
  it('are the job’s own provider and model, then its fallbacks', () => {
    const choices = new Choices(JOB)
    expect(choices.current).toEqual({ provider: 'openai', model: 'gpt-4' })
    expect(choices.fallback).toBeUndefined()
    choices.next()
    expect(choices).toMatchObject({ runState: { choice: 1 }, hasNext: false, fallback: JOB.fallbacks[0] })
    choices.next()
    expect(choices.current).toEqual(JOB.fallbacks[0])
  })

  it('go on where an earlier run was', () => {
    expect(new Choices({ ...JOB, runState: { choice: 1 } }).current).toEqual(JOB.fallbacks[0])
    expect(new Choices({ provider: 'openai', model: 'gpt-4', runState: { choice: 3 } }).fallback).toBeUndefined()
  })
})

it('optionsFor > gives fields of a vendor’s own request to no other provider', () => {
  const job = { provider: 'openai', options: { seed: 1, vendor: { service_tier: 'flex' } } }
  expect(optionsFor(job, { provider: 'openai' })).toEqual(job.options)
  expect(optionsFor(job, { provider: 'gemini' })).toEqual({ seed: 1 })
})
