import { expect, it } from 'vitest'
import { strictSchemaFault } from './strict-schema-fault.ts'

const POINT = {
  type: 'object',
  properties: { x: { type: 'number' }, y: { type: 'number' } },
  required: ['x', 'y'],
  additionalProperties: false,
}

it('takes schemas whose objects forbid other keys and require their own', () => {
  expect(strictSchemaFault(POINT)).toBeUndefined()
  expect(strictSchemaFault({ type: 'array', items: POINT })).toBeUndefined()
  expect(strictSchemaFault({ type: 'object', properties: {}, additionalProperties: false })).toBeUndefined()
  expect(strictSchemaFault({ enum: ['a'] })).toBeUndefined()
})

it('says where an object allows other keys', () => {
  const open = { ...POINT, additionalProperties: true }
  expect(strictSchemaFault(open)).toBe(
    'A strict schema has additionalProperties: false in every object, and it is missing at the root',
  )
  const nested = { ...POINT, properties: { x: { anyOf: [{ type: 'null' }, open] }, y: {} } }
  expect(strictSchemaFault(nested)).toMatch(/missing at \/properties\/x\/anyOf\/1$/)
})

it('says which key is not required', () => {
  const schema = { $defs: { point: { ...POINT, required: ['x'] } } }
  expect(strictSchemaFault(schema)).toBe(
    'A strict schema names every key in required, and "y" is missing at /$defs/point',
  )
})
