import { type ModelNaming, RequestHeaders, type Vendor, type VendorSettings } from '@promptlab/providers'
import { VENDOR_KINDS, VENDORS } from '@promptlab/providers/vendors'
import type { z } from 'zod'
import type { ConfiguredVendor } from './configured-vendor.ts'
import type { EnvironmentVariables } from './environment.ts'
import { type OwnVendor, readProvidersFile } from './providers-file.ts'
import { folder, list, MAX_DELAY_MS, oneOf, speed, webUrl, wholeNumber } from './setting-forms.ts'
import { withStandIns } from './stand-ins.ts'

/** The value of a variable, without blanks around it. Undefined if it is not set, or is empty. */
type LookUp = (variable: string) => string | undefined

/**
 * Reads the settings of every vendor in the table, and of those in the file that `PROVIDERS_FILE` names.
 * @param variables the environment itself, because keys are looked up at each use
 * @returns `faults` names each wrong variable; the setting of a wrong variable has its default
 */
export function readVendors(variables: EnvironmentVariables): { vendors: ConfiguredVendor[]; faults: string[] } {
  const faults: string[] = []
  const lookUp: LookUp = (variable) => variables[variable]?.trim() || undefined
  const read = <Value>(variable: string | undefined, form: z.ZodType<Value>): Value | undefined => {
    const text = variable && lookUp(variable)
    if (!text) return undefined
    const { data, error } = form.safeParse(text)
    for (const { message } of error?.issues ?? []) faults.push(`${variable}: ${message}`)
    return data
  }
  const vendors = VENDORS.map((vendor): ConfiguredVendor => {
    const { name, apiKey, baseUrl, models, delayMs, api, background, replay } = vendor
    const named = read(models.variable, list)
    const settings: VendorSettings = {
      name,
      apiKey: () => apiKey && lookUp(apiKey.variable),
      baseUrl: baseUrl && (read(baseUrl.variable, webUrl(baseUrl.example ?? '')) ?? baseUrl.default),
      models: named?.filter((model) => model !== ANY_MODEL) ?? models.default ?? [],
      api: api && read(api.variable, oneOf(api.values)),
      background: read(background?.variable, oneOf(['on', 'off'])) === 'on',
      delayMs: read(delayMs?.variable, wholeNumber(0, MAX_DELAY_MS)) ?? delayMs?.default ?? 0,
      replay: replay && {
        folder: read(replay.folder.variable, folder),
        speed: read(replay.speed.variable, speed) ?? replay.speed.default,
      },
    }
    const fault = settings.background ? background?.faultOf(settings) : undefined
    if (background && fault !== undefined) faults.push(`${background.variable}: ${fault}`)
    return { vendor, settings, naming: namingOf(named, models.variable !== undefined) }
  })
  const file = lookUp(FILE_VARIABLE)
  const takenNames = VENDORS.map(({ name }) => name)
  const own = file === undefined ? undefined : readProvidersFile(file, takenNames)
  faults.push(...(own?.faults ?? []).map((fault) => `${FILE_VARIABLE}: ${fault}`))
  const all = [...vendors, ...(own?.vendors ?? []).map((vendor) => configured(vendor, lookUp))]
  const replayed = withStandIns(all, (variable) => read(variable, list) ?? [])
  return { vendors: replayed.vendors, faults: [...faults, ...replayed.faults] }
}

const FILE_VARIABLE = 'PROVIDERS_FILE'
/** Among the names of models: any other name may be used too. */
const ANY_MODEL = '*'

/** @param named the names that the operator gave, if any */
function namingOf(named: readonly string[] | undefined, canBeAsked: boolean): ModelNaming {
  if (named) return named.includes(ANY_MODEL) ? 'any' : 'listed'
  return canBeAsked ? 'vendor' : 'listed'
}

function configured(own: OwnVendor, lookUp: LookUp): ConfiguredVendor {
  const { name, kind, baseUrl, apiKeyEnv, models, habits, background } = own
  const vendor: Vendor = {
    name,
    ...(apiKeyEnv !== undefined && { apiKey: { variable: apiKeyEnv } }),
    baseUrl: { default: baseUrl },
    models: {},
    create: (settings) =>
      VENDOR_KINDS[kind]({ ...settings, apiKey: apiKeyEnv === undefined ? undefined : settings.apiKey, habits }),
  }
  const settings: VendorSettings = {
    name,
    apiKey: () => (apiKeyEnv === undefined ? undefined : lookUp(apiKeyEnv)),
    baseUrl,
    models: models?.filter((model) => model !== ANY_MODEL) ?? [],
    headers: headersOf(own, lookUp),
    background,
    delayMs: 0,
  }
  return { vendor, settings, naming: namingOf(models, true) }
}

function headersOf({ headers = {} }: OwnVendor, lookUp: LookUp): RequestHeaders {
  return new RequestHeaders(
    Object.entries(headers).map(([name, given]) =>
      typeof given === 'string'
        ? { name, value: () => given, isSecret: false }
        : { name, value: () => lookUp(given.env), isSecret: true },
    ),
  )
}
