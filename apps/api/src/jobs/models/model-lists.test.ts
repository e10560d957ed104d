import {
  type LLMProvider,
  type ModelList,
  type ModelNaming,
  ProviderError,
  ProviderRegistry,
} from '@promptlab/providers'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { ModelLists } from './model-lists.ts'

const MINUTE_MS = 60_000
const AWAY = { code: 'provider-unavailable', status: 503, address: 'http://acme/v1/models' } as const

interface Setting {
  naming?: ModelNaming
  models?: string[]
  told?: Partial<ModelList> & Pick<ModelList, 'models'>
  missing?: string[]
  isHidden?: boolean
}

const stops: (() => void)[] = []
afterEach(() => stops.splice(0).forEach((stop) => void stop()))

/** The lists of one provider, whose vendor tells what the test sets. */
function listsOf({ naming = 'vendor', models = [], told, missing = [], isHidden = false }: Setting) {
  const vendor = { told, missing }
  const listModels = vi.fn(async () => {
    if (!vendor.told) throw new ProviderError('away', { ...AWAY, words: 'Loading' })
    return { others: [], isWhole: false, ...vendor.told }
  })
  const provider: LLMProvider = { name: 'acme', models, listModels, complete: () => expect.fail('not called') }
  const providers = new ProviderRegistry([{ provider, naming, missing: () => vendor.missing, isHidden }])
  const clock = { now: () => 0, elapsed: () => clock.ms, ms: 0 }
  const logger = { debug: vi.fn(), info: vi.fn(), warn: vi.fn(), error: vi.fn() }
  const lists = new ModelLists({ providers, clock, logger, refreshMs: 10 * MINUTE_MS })
  stops.push(() => lists.stop())
  const refusalOf = (model: string) => {
    const entry = providers.find('acme')
    return entry && lists.refusalOf(entry, model)
  }
  return { lists, vendor, clock, logger, listModels, refusalOf, shown: () => lists.list()[0] }
}

describe('ModelLists', () => {
  it('shows the default until the vendor has told, and then what it told, with its age', async () => {
    const { lists, clock, shown } = listsOf({ models: ['default'], told: { models: ['new'] } })
    expect(shown()).toMatchObject({ models: ['default'], modelList: { source: 'default', anyName: true } })
    await lists.refresh()
    clock.ms = 5_500
    expect(shown()).toMatchObject({
      models: ['new'],
      modelList: { source: 'vendor', ageSeconds: 5, anyName: true },
    })
  })

  it('keeps the last answer while the vendor is away, and logs that once', async () => {
    const { lists, vendor, clock, logger, shown } = listsOf({ told: { models: ['a'] } })
    await lists.refresh()
    vendor.told = undefined
    clock.ms = 20 * MINUTE_MS
    await lists.refresh()
    await lists.refresh()
    expect(shown()).toMatchObject({ models: ['a'], modelList: { ageSeconds: 1_200 } })
    expect(logger.warn.mock.calls).toEqual([
      [{ provider: 'acme', ...AWAY, vendorWords: 'Loading' }, 'could not ask the provider for its models'],
    ])
    vendor.told = { models: ['b'] }
    await lists.refresh()
    expect(shown()).toMatchObject({ models: ['b'], modelList: { ageSeconds: 0 } })
  })

  it('shows what the vendor says that the shown models can do, and refuses none for it', async () => {
    const capabilities = new Map([
      ['a', { tools: false }],
      ['other', { images: true }],
    ])
    const { lists, shown, refusalOf } = listsOf({ told: { models: ['a', 'b'], others: ['other'], capabilities } })
    expect(shown()).not.toHaveProperty('modelCapabilities')
    await lists.refresh()
    expect(shown()?.modelCapabilities).toEqual({ a: { tools: false } })
    expect(refusalOf('a')).toBeUndefined()
  })

  it('refuses a model that a whole and fresh list does not have', async () => {
    const { lists, clock, refusalOf } = listsOf({ told: { models: ['a'], others: ['a:latest'], isWhole: true } })
    expect(refusalOf('b')).toBeUndefined()
    await lists.refresh()
    expect(refusalOf('b')).toEqual(['a'])
    expect(refusalOf('a')).toBeUndefined()
    expect(refusalOf('a:latest')).toBeUndefined()
    clock.ms = 31 * MINUTE_MS
    expect(refusalOf('b')).toBeUndefined()
  })

  it('lets any name through if the list is not whole', async () => {
    const { lists, refusalOf } = listsOf({ models: ['default'], told: { models: ['a'] } })
    await lists.refresh()
    expect(refusalOf('b')).toBeUndefined()
    expect(refusalOf('default')).toBeUndefined()
  })

  it('asks nobody if the operator has named the models', async () => {
    const { lists, listModels, refusalOf, shown } = listsOf({
      naming: 'listed',
      models: ['mine'],
      told: { models: ['a'] },
    })
    await lists.refresh()
    expect(listModels).not.toHaveBeenCalled()
    expect(refusalOf('a')).toEqual(['mine'])
    expect(shown()).toMatchObject({ models: ['mine'], modelList: { source: 'settings', anyName: false } })
  })

  it('shows the models that the operator named, or else the vendor, where any name may be used', async () => {
    const told = { models: ['a'], isWhole: true }
    const some = listsOf({ naming: 'any', models: ['mine'], told })
    await some.lists.refresh()
    expect(some.refusalOf('b')).toBeUndefined()
    expect(some.shown()).toMatchObject({ models: ['mine'], modelList: { source: 'settings', anyName: true } })
    const all = listsOf({ naming: 'any', told })
    await all.lists.refresh()
    expect(all.refusalOf('b')).toBeUndefined()
    expect(all.shown()).toMatchObject({ models: ['a'], modelList: { source: 'vendor', anyName: true } })
  })

  it('does not ask a provider that is not configured, and keeps to its default', async () => {
    const { lists, listModels, refusalOf, vendor } = listsOf({ models: ['default'], missing: ['ACME_API_KEY'] })
    await lists.refresh()
    expect(listModels).not.toHaveBeenCalled()
    expect(refusalOf('b')).toEqual(['default'])
    vendor.missing = []
    expect(refusalOf('b')).toBeUndefined()
  })

  it('asks at the start, and asks a provider whose key has just appeared, without waiting', async () => {
    const { lists, vendor, listModels, refusalOf } = listsOf({ told: { models: ['a'] }, missing: ['ACME_API_KEY'] })
    lists.start()
    expect(listModels).not.toHaveBeenCalled()
    vendor.missing = []
    expect(refusalOf('b')).toBeUndefined()
    expect(listModels).toHaveBeenCalledTimes(1)
    refusalOf('b')
    expect(listModels).toHaveBeenCalledTimes(1)
  })
})
