import { expect, it } from 'vitest'
import { startServer } from '../support/index.ts'

const PROVIDERS = [
  { name: 'acme', models: ['small'], complete: () => expect.fail('not called') },
  { name: 'router', models: ['vendor/large'], complete: () => expect.fail('not called') },
]
const ANTHROPIC = { headers: { 'anthropic-version': '2023-06-01' } }

it('GET /v1/models lists the models by all of their names, as OpenAI does', async () => {
  const { url } = await startServer({ providers: PROVIDERS })
  const model = (id: string, owned_by: string) => ({ id, object: 'model', created: 0, owned_by })
  expect(await (await fetch(`${url}/v1/models`)).json()).toEqual({
    object: 'list',
    data: [
      model('acme/small', 'acme'),
      model('router/vendor/large', 'router'),
      model('small', 'acme'),
      model('vendor/large', 'router'),
    ],
  })
})

it('GET /v1/models/:id takes names with slashes, encoded or not', async () => {
  const { url } = await startServer({ providers: PROVIDERS })
  for (const path of ['router%2Fvendor%2Flarge', 'router/vendor/large', 'vendor%2Flarge', 'small']) {
    const response = await fetch(`${url}/v1/models/${path}`)
    expect(await response.json()).toMatchObject({ id: decodeURIComponent(path), object: 'model' })
  }
  const unknown = await fetch(`${url}/v1/models/none`)
  expect(unknown.status).toBe(404)
  expect(await unknown.json()).toEqual({
    error: {
      message: 'There is no model "none". GET /v1/models lists the models.',
      type: 'invalid_request_error',
      param: 'model',
      code: 'model_not_found',
    },
  })
})

it('GET /v1/models answers clients of Anthropic in their form, in pages', async () => {
  const { url } = await startServer({ providers: PROVIDERS })
  const page = await fetch(`${url}/v1/models?limit=1&after_id=acme%2Fsmall`, ANTHROPIC)
  expect(await page.json()).toEqual({
    data: [
      {
        type: 'model',
        id: 'router/vendor/large',
        display_name: 'vendor/large',
        created_at: '1970-01-01T00:00:00Z',
      },
    ],
    has_more: true,
    first_id: 'router/vendor/large',
    last_id: 'router/vendor/large',
  })
  expect(await (await fetch(`${url}/v1/models/small`, ANTHROPIC)).json()).toMatchObject({ type: 'model', id: 'small' })
  const unknown = await fetch(`${url}/v1/models/none`, ANTHROPIC)
  expect(unknown.status).toBe(404)
  expect(await unknown.json()).toMatchObject({ type: 'error', error: { type: 'not_found_error' } })
})
