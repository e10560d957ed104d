import { ProviderError, vendorEntry } from '@promptlab/providers'
import { ABOUT_SETTINGS } from '../base/command-line.ts'
import { withoutCredentials } from '../base/without-credentials.ts'
import { readConfig } from '../config/config.ts'
import type { ConfiguredVendor } from '../config/configured-vendor.ts'
import { loadEnvironmentFile } from '../config/environment-file.ts'
import { explainError } from '../process/explain-error.ts'
import { useProxy } from '../process/use-proxy.ts'

/** How long a vendor may take to answer, in milliseconds. */
const TIMEOUT_MS = 10_000
/** How many models of a vendor are named. */
const SHOWN_MODELS = 8

interface Report {
  readonly isFailure: boolean
  readonly text: string
}

/**
 * `pnpm providers`: prints which providers are configured, and asks each for its models. The exit code is 1 if one of
 * them does not answer as it should.
 */
async function main(): Promise<void> {
  loadEnvironmentFile()
  const { vendors, proxy } = readConfig(process.env)
  if (proxy) useProxy(proxy)
  const entries = vendors.map((configured) => ({ configured, missing: missingOf(configured) }))
  const reports = await Promise.all(
    entries.filter(({ missing }) => missing.length === 0).map(({ configured }) => reportOf(configured)),
  )
  process.stdout.write(`Configured:\n\n${reports.map(({ text }) => text).join('\n')}\n`)
  const others = entries.filter(({ missing }) => missing.length > 0)
  const lines = others.map(({ configured, missing }) => `  ${nameOf(configured)} set ${missing.join(', ')}\n`)
  process.stdout.write(`Not configured:\n\n${lines.join('')}\n${ABOUT_SETTINGS} says more about each variable.\n`)
  if (reports.some(({ isFailure }) => isFailure)) process.exitCode = 1
}

function missingOf({ vendor, settings }: ConfiguredVendor): readonly string[] {
  return vendorEntry(vendor, settings).missing()
}

function nameOf({ vendor }: ConfiguredVendor): string {
  return vendor.name.padEnd(14)
}

async function reportOf(configured: ConfiguredVendor): Promise<Report> {
  const { vendor, settings, naming } = configured
  const address = settings.baseUrl === undefined ? '' : `${withoutCredentials(settings.baseUrl)}  `
  const begin = `  ${nameOf(configured)} ${address}`
  const provider = vendor.create(settings)
  if (!provider.listModels) return { isFailure: false, text: `${begin}${countOf(provider.models)}\n` }
  try {
    const { models } = await provider.listModels(AbortSignal.timeout(TIMEOUT_MS))
    const rule = naming === 'vendor' ? '' : `\n${indent(`jobs may name: ${allowed(configured)}`)}`
    return { isFailure: false, text: `${begin}${countOf(models)}${rule}\n` }
  } catch (error) {
    return { isFailure: true, text: `${begin}FAILED\n${indent(wordsOf(error))}\n` }
  }
}

function allowed({ settings, naming }: ConfiguredVendor): string {
  return naming === 'any' ? 'any model' : settings.models.join(', ')
}

function countOf(models: readonly string[]): string {
  const shown = models.slice(0, SHOWN_MODELS).join(', ')
  const rest = models.length > SHOWN_MODELS ? `, and ${models.length - SHOWN_MODELS} more` : ''
  const count = models.length === 1 ? '1 model' : `${models.length} models`
  return models.length === 0 ? 'no models' : `${count}\n${indent(shown + rest)}`
}

function indent(text: string): string {
  return `      ${text}`
}

/** What is wrong, and what to do. The words of a `ProviderError` hold no secret. */
function wordsOf(error: unknown): string {
  if (!(error instanceof ProviderError)) return `It did not answer within ${TIMEOUT_MS / 1000} s. Check the address.`
  const advice = ADVICE[error.code]
  return `${error.message}${advice === undefined ? '' : `\n${indent(advice)}`}`
}

const ADVICE: Readonly<Partial<Record<ProviderError['code'], string>>> = {
  'provider-auth': 'Check the key.',
  'provider-unavailable': 'Check that the server runs, and its address.',
  'provider-malformed': 'Check the address: something else seems to answer there.',
  'provider-quota-exceeded': 'Add credit to the account.',
}

main().catch((error: unknown) => {
  process.stderr.write(`${explainError(error)}\n`)
  process.exitCode = 1
})
