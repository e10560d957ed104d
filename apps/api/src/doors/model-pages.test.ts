import { expect, it } from 'vitest'
import { anthropicModels, openaiModels } from './model-pages.ts'

const MODELS = ['a', 'b', 'c', 'd'].map((model) => ({ id: `acme/${model}`, provider: 'acme', model }))

function pageOf(query: Parameters<typeof anthropicModels>[1]) {
  const { data, has_more, first_id, last_id } = anthropicModels(MODELS, query)
  expect([first_id, last_id]).toEqual([data[0]?.id ?? null, data.at(-1)?.id ?? null])
  return [data.map(({ display_name }) => display_name).join(''), has_more]
}

it('shows models as OpenAI does', () => {
  expect(openaiModels(MODELS.slice(0, 1))).toEqual({
    object: 'list',
    data: [{ id: 'acme/a', object: 'model', created: 0, owned_by: 'acme' }],
  })
})

it('shows models as Anthropic does', () => {
  expect(anthropicModels(MODELS.slice(0, 1), { limit: 20 })).toEqual({
    data: [{ type: 'model', id: 'acme/a', display_name: 'a', created_at: '1970-01-01T00:00:00Z' }],
    has_more: false,
    first_id: 'acme/a',
    last_id: 'acme/a',
  })
})

it('gives pages behind and before a model', () => {
  expect(pageOf({ limit: 3 })).toEqual(['abc', true])
  expect(pageOf({ limit: 3, after_id: 'acme/c' })).toEqual(['d', false])
  expect(pageOf({ limit: 2, before_id: 'acme/d' })).toEqual(['bc', true])
  expect(pageOf({ limit: 2, before_id: 'acme/c' })).toEqual(['ab', false])
  expect(pageOf({ limit: 2, after_id: 'acme/d' })).toEqual(['', false])
})

it('gives an empty page for a cursor that names no model', () => {
  expect(pageOf({ limit: 2, after_id: 'gone' })).toEqual(['', false])
  expect(pageOf({ limit: 2, before_id: 'gone' })).toEqual(['', false])
})
