import { describe, expect, it } from 'vitest'
import { ApiError } from '../base/api-error.ts'
import { askedFallbacks, fallbackParam } from './asked-fallbacks.ts'

const NAMED = { provider: 'openai', model: 'gpt-4' }

function resolve(name: string) {
  const [provider = '', model] = name.split('/')
  if (model === undefined) throw new ApiError('unknown-model', `There is no model "${name}".`)
  return { provider, model }
}

describe('the header of fallbacks', () => {
  it.each([
    ['is not there', undefined, undefined],
    ['names none', 'off', []],
    [
      'names some',
      'a/b, c/d',
      [
        { provider: 'a', model: 'b' },
        { provider: 'c', model: 'd' },
      ],
    ],
    [
      'comes twice',
      ['a/b', 'c/d'],
      [
        { provider: 'a', model: 'b' },
        { provider: 'c', model: 'd' },
      ],
    ],
    ['names what is asked before', 'openai/gpt-4,a/b,a/b', [{ provider: 'a', model: 'b' }]],
  ])('is read if it %s', (_, header, fallbacks) => {
    expect(askedFallbacks(header, NAMED, resolve)).toEqual(fallbacks)
  })

  it.each([
    ['', 'invalid-request', /separated by commas/],
    ['a/b,,c/d', 'invalid-request', /separated by commas/],
    ['nobody', 'unknown-model', /no model "nobody"/],
  ])('is refused as %j', (header, code, message) => {
    const faults = [{ path: 'x-promptlab-fallbacks', message: expect.stringMatching(message) }]
    expect(() => askedFallbacks(header, NAMED, resolve)).toThrow(expect.objectContaining({ code, faults }))
  })

  it('is the parameter of all faults of fallbacks', () => {
    expect(fallbackParam('fallbacks[0].provider')).toBe('x-promptlab-fallbacks')
    expect(fallbackParam('fallbacks')).toBe('x-promptlab-fallbacks')
    expect(fallbackParam('messages[0]')).toBeUndefined()
  })
})
