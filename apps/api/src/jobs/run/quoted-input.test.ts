import type { Message } from '@promptlab/providers'
import { expect, it } from 'vitest'
import { quotesInput } from './quoted-input.ts'

const PROMPT = 'Tell me of the sea'
const text = (value: string): Message => ({ role: 'user', content: [{ type: 'text', text: value }] })

it.each<[string, boolean, string | readonly Message[] | undefined]>([
  ['Cannot tell me of the sea.', true, PROMPT],
  ['The model does not exist.', false, PROMPT],
  ['Said before: an earlier turn of it.', true, [text('an earlier turn of it'), text(PROMPT)]],
  ['The word blue was odd.', true, [text('blue'), text(PROMPT)]],
  ['A word is odd.', false, [text('A'), text(PROMPT)]],
  ['The model does not exist.', true, [text('x'.repeat(400_001))]],
  ['The model does not exist.', false, undefined],
])('quotesInput says of "%s": %s', (sentence, expected, input) => {
  expect(quotesInput(sentence, { prompt: PROMPT }, input)).toBe(expected)
})

it('quotesInput passes over the bytes of images', () => {
  const image: Message = {
    role: 'user',
    content: [{ type: 'image', mediaType: 'image/png', data: 'x'.repeat(500_000) }],
  }
  expect(quotesInput('The model does not exist.', { prompt: PROMPT }, [image])).toBe(false)
})

it('quotesInput knows the descriptions in options, and leaves names of fields and of tools to everybody', () => {
  const schema = { type: 'object', additionalProperties: false, description: 'The weather in Atlantis' }
  const options = { responseFormat: { type: 'json-schema', name: 'weather_report', schema } } as const
  const quotes = (sentence: string) => quotesInput(sentence, { prompt: PROMPT, options }, PROMPT)
  expect(quotes("Invalid schema 'weather_report': 'additionalProperties' must be false for each object.")).toBe(false)
  expect(quotes('Nobody knows the weather in Atlantis.')).toBe(true)
})
