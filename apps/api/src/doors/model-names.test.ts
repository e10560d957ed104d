import { type ModelNaming, ProviderRegistry } from '@promptlab/providers'
import { describe, expect, it } from 'vitest'
import { SILENT } from '../../test/support/silent-logger.ts'
import { ApiError } from '../base/api-error.ts'
import { ModelLists } from '../jobs/models/model-lists.ts'
import { ModelNames } from './model-names.ts'

interface Setting {
  name: string
  models: string[]
  naming?: ModelNaming
  missing?: string[]
  isHidden?: boolean
}

function namesOf(...settings: Setting[]): ModelNames {
  const providers = new ProviderRegistry(
    settings.map(({ name, models, naming = 'listed', missing = [], isHidden = false }) => ({
      provider: { name, models, complete: () => expect.fail('not called') },
      naming,
      missing: () => missing,
      isHidden,
    })),
  )
  const clock = { now: () => 0, elapsed: () => 0 }
  return new ModelNames(new ModelLists({ providers, clock, logger: SILENT, refreshMs: undefined }), providers)
}

const ACME = { name: 'acme', models: ['small', 'shared'] }
const ROUTER = { name: 'router', models: ['shared', 'acme/small', 'vendor/large'] }

function refusalOf(names: ModelNames, name: string): unknown {
  try {
    return names.resolve(name)
  } catch (error) {
    return error instanceof ApiError ? `${error.code}: ${error.message}` : error
  }
}

describe('ModelNames', () => {
  it('resolves provider/model, also when the name of the model has slashes', () => {
    const names = namesOf(ACME, ROUTER)
    expect(names.resolve('acme/small')).toEqual({ provider: 'acme', model: 'small' })
    expect(names.resolve('router/vendor/large')).toEqual({ provider: 'router', model: 'vendor/large' })
  })

  it('resolves a model that a provider does not list, as the provider may take other names', () => {
    expect(namesOf(ACME).resolve('acme/newest')).toEqual({ provider: 'acme', model: 'newest' })
  })

  it('resolves the bare name of a model that one provider has, also if it has slashes', () => {
    const names = namesOf(ACME, ROUTER)
    expect(names.resolve('small')).toEqual({ provider: 'acme', model: 'small' })
    expect(names.resolve('vendor/large')).toEqual({ provider: 'router', model: 'vendor/large' })
  })

  it('refuses a bare name that several providers have, and names their forms', () => {
    expect(refusalOf(namesOf(ACME, ROUTER), 'shared')).toBe(
      'unknown-model: Several providers have a model "shared". Name one of them: acme/shared, router/shared.',
    )
  })

  it('refuses a name that no provider has, without repeating a long name', () => {
    const refusal = refusalOf(namesOf(ACME), 'x'.repeat(10_000))
    expect(refusal).toMatch(/^unknown-model: There is no model "x{200}…"\. Models are named provider\/model/)
  })

  it('prefers a configured provider to one that lacks its key', () => {
    const names = namesOf({ ...ACME, missing: ['ACME_API_KEY'] }, ROUTER)
    expect(names.resolve('shared')).toEqual({ provider: 'router', model: 'shared' })
    expect(names.resolve('acme/small')).toEqual({ provider: 'router', model: 'acme/small' })
    expect(names.resolve('acme/other'), 'refused later, with the key to set').toEqual({
      provider: 'acme',
      model: 'other',
    })
  })

  it('resolves a bare name that only a provider without its key has, which is refused later, with the key to set', () => {
    const names = namesOf({ ...ACME, missing: ['ACME_API_KEY'] })
    expect(names.resolve('small')).toEqual({ provider: 'acme', model: 'small' })
    expect(names.find('small'), 'not listed').toBeUndefined()
  })

  it('knows nothing of names such as __proto__ or an empty one', () => {
    for (const name of ['', '/', 'acme/', '/small', '__proto__', '__proto__/small']) {
      expect(refusalOf(namesOf(ACME), name)).toMatch(/^unknown-model/)
    }
  })

  it('lists every model of configured providers, and bare names that are not ambiguous', () => {
    const names = namesOf(ACME, ROUTER, { name: 'keyless', models: ['lonely'], missing: ['KEY'] })
    expect(names.list().map(({ id }) => id)).toEqual([
      'acme/small',
      'acme/shared',
      'router/shared',
      'router/acme/small',
      'router/vendor/large',
      'small',
      'vendor/large',
    ])
  })

  it('resolves and finds each listed name as the model that it was listed for', () => {
    const names = namesOf(ACME, ROUTER)
    for (const listed of names.list()) {
      const { id, ...model } = listed
      expect(names.resolve(id)).toEqual(model)
      expect(names.find(id)).toEqual(listed)
    }
  })

  it('finds no model that nobody lists', () => {
    const names = namesOf(ACME, ROUTER)
    expect(['acme/newest', 'shared', 'none', 'other/small'].map((name) => names.find(name))).toEqual([
      undefined,
      undefined,
      undefined,
      undefined,
    ])
  })
})
