import { describe, expect, it } from 'vitest'
import { filled, variablesOf } from './variables.ts'

describe('variables of a prompt', () => {
  it('are found once each, in order, with or without spaces, in any script', () => {
    expect(variablesOf(['{{ topic }} in {{größe}} for {{topic}}', '{{first name}}'])).toEqual([
      'topic',
      'größe',
      'first name',
    ])
  })

  it('are not what has no name, one brace, or a name over 59 characters', () => {
    expect(variablesOf(['{{}} {{ }} {a} {{a|b}}', `{{${'x'.repeat(60)}}}`])).toEqual([])
    expect(variablesOf([`{{${'x'.repeat(59)}}}`])).toHaveLength(1)
  })

  it('are filled in once: a value that looks like a variable stays as it is', () => {
    expect(filled('{{a}} and {{ b }}, $&', { a: '{{b}}', b: '$&' })).toBe('{{b}} and $&, $&')
  })

  it('become empty without a value, also if their name is one of every object', () => {
    expect(filled('[{{a}}{{toString}}]', {})).toBe('[]')
  })
})
