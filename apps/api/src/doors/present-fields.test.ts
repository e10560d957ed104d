import { expect, it } from 'vitest'
import { withPresentFields } from './present-fields.ts'

it('leaves out fields that are null, an empty list or an empty object', () => {
  expect(withPresentFields({ a: null, b: [], c: {}, d: '', e: 0, f: false, g: { h: null } })).toEqual({
    d: '',
    e: 0,
    f: false,
    g: {},
  })
})

it('keeps the elements of lists, so that paths of faults stay those of the body', () => {
  expect(withPresentFields({ list: [null, {}, { a: null, b: 1 }] })).toEqual({ list: [null, {}, { b: 1 }] })
})

it('keeps schemas and metadata as they are', () => {
  const schema = { type: 'object', properties: {}, required: [], default: null }
  expect(withPresentFields({ parameters: schema, schema, metadata: { a: null }, more: { schema: {} } })).toEqual({
    parameters: schema,
    schema,
    metadata: { a: null },
    more: {},
  })
})

it('keeps a field that is called __proto__', () => {
  const body: unknown = JSON.parse('{"__proto__": 1}')
  expect(Object.keys(Object(withPresentFields(body)))).toEqual(['__proto__'])
})
