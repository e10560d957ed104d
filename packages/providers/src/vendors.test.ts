import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { describe, expect, it, vi } from 'vitest'
import { EchoProvider } from './echo/echo-provider.ts'
import { startOpenAIVendor } from './testing/vendors.ts'
import { type Vendor, type VendorSettings, vendorEntry } from './vendor.ts'
import { VENDORS } from './vendors.ts'

function settingsOf({ name, models, baseUrl }: Vendor, settings: Partial<VendorSettings> = {}): VendorSettings {
  return {
    name,
    models: models.default ?? [],
    baseUrl: baseUrl?.default,
    apiKey: () => undefined,
    delayMs: 0,
    ...settings,
  }
}

describe('VENDORS', () => {
  it.each(VENDORS)('creates $name with the name and the models of its row', (vendor) => {
    const { name, models } = vendor.create(settingsOf(vendor))
    expect({ name, models }).toEqual({ name: vendor.name, models: vendor.models.default ?? [] })
  })

  it('passes what is to be said to the operator', async () => {
    await using server = await startOpenAIVendor()
    server.respondWith((exchange) => exchange.respond(404, 'not here'))
    const onNotice = vi.fn()
    const row = VENDORS.find(({ name }) => name === 'openai')
    const provider = row?.create(settingsOf(row, { baseUrl: server.url, apiKey: () => 'any', onNotice }))
    const completion = provider?.complete('Hi', { model: 'm', signal: new AbortController().signal })
    await expect(completion?.next()).rejects.toMatchObject({ code: 'provider-unavailable' })
    expect(onNotice).toHaveBeenCalledTimes(1)
  })

  it('gives no name and no variable to two vendors', () => {
    const names = VENDORS.map(({ name }) => name)
    const variables = VENDORS.flatMap(({ apiKey, baseUrl, models, delayMs, api }) =>
      [apiKey, baseUrl, models, delayMs, api].flatMap((setting) => setting?.variable ?? []),
    )
    expect(new Set(names).size).toBe(names.length)
    expect(new Set(variables).size).toBe(variables.length)
  })

  it('loads no SDK before a provider is prepared', async () => {
    expect(await packagesLoadedByVendors()).toEqual({
      before: ['eventsource-parser', 'zod'],
      after: expect.arrayContaining(['openai', '@anthropic-ai/sdk', '@google/generative-ai']),
    })
  })
})

/** The packages of others that a new process loads, before and after it has prepared the providers of all vendors. */
async function packagesLoadedByVendors(): Promise<unknown> {
  const script = `
    import { registerHooks } from 'node:module'
    const packages = new Set()
    registerHooks({
      resolve(specifier, context, next) {
        if (/^[@a-z]/.test(specifier) && !/^(node:|file:|@promptlab\\/)/.test(specifier)) packages.add(specifier)
        return next(specifier, context)
      },
    })
    const { VENDORS } = await import(${JSON.stringify(import.meta.resolve('./vendors.ts'))})
    const settings = { apiKey: () => 'key', baseUrl: 'http://127.0.0.1:9', models: ['m'], delayMs: 0 }
    const providers = VENDORS.map((vendor) => vendor.create({ ...settings, name: vendor.name }))
    const before = [...packages]
    for (const provider of providers) await provider.prepare?.()
    console.log(JSON.stringify({ before, after: [...packages] }))`
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', script])
  return JSON.parse(stdout)
}

describe('vendorEntry', () => {
  const create = () => new EchoProvider({ delayMs: 0 })
  const row = { name: 'acme', models: { default: ['m'] }, create }
  const apiKey = { variable: 'ACME_API_KEY' }
  const baseUrl = { variable: 'ACME_BASE_URL', example: 'http://localhost:8080' }

  it('lacks nothing without variables, or if the base URL has a default', () => {
    const address = { ...baseUrl, default: 'https://api.acme.example' }
    for (const vendor of [row, { ...row, baseUrl: address }]) {
      expect(vendorEntry(vendor, settingsOf(vendor)).missing()).toEqual([])
    }
  })

  it('lacks a base URL that has no default and is not set', () => {
    const vendor = { ...row, baseUrl }
    expect(vendorEntry(vendor, settingsOf(vendor)).missing()).toEqual(['ACME_BASE_URL'])
    const settings = settingsOf(vendor, { baseUrl: 'http://localhost:8080' })
    expect(vendorEntry(vendor, settings).missing()).toEqual([])
  })

  it('looks up the key each time', () => {
    let key: string | undefined
    const vendor = { ...row, apiKey, baseUrl }
    const entry = vendorEntry(vendor, settingsOf(vendor, { apiKey: () => key }))
    expect(entry.missing()).toEqual(['ACME_API_KEY', 'ACME_BASE_URL'])
    key = 'key'
    expect(entry.missing()).toEqual(['ACME_BASE_URL'])
  })

  it('hides a preset that lacks a variable at the start, also if the variable appears later', () => {
    let key: string | undefined
    const vendor = { ...row, apiKey, isPreset: true }
    const entry = () => vendorEntry(vendor, settingsOf(vendor, { apiKey: () => key }))
    const before = entry()
    key = 'key'
    expect(before).toMatchObject({ isHidden: true })
    expect(before.missing()).toEqual(['ACME_API_KEY'])
    expect(entry()).not.toHaveProperty('isHidden')
    expect(entry().missing()).toEqual([])
  })
})
