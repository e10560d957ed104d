import type { Vendor, VendorSettings } from '@promptlab/providers'
import { VENDORS } from '@promptlab/providers/vendors'
import type { z } from 'zod'
import type { EnvironmentVariables } from './environment.ts'
import { list, MAX_DELAY_MS, webUrl, wholeNumber } from './setting-forms.ts'

/** A row of the table of vendors, with the settings that the environment gives it. */
export interface ConfiguredVendor {
  readonly vendor: Vendor
  readonly settings: VendorSettings
}

/**
 * Reads the settings of every vendor in the table.
 * @param variables the environment itself, because keys are looked up at each use
 * @returns `faults` names each wrong variable; the setting of a wrong variable has its default
 */
export function readVendors(variables: EnvironmentVariables): { vendors: ConfiguredVendor[]; faults: string[] } {
  const faults: string[] = []
  const lookUp = (variable: string) => variables[variable]?.trim() || undefined
  const read = <Value>(variable: string | undefined, form: z.ZodType<Value>): Value | undefined => {
    const text = variable && lookUp(variable)
    if (!text) return undefined
    const { data, error } = form.safeParse(text)
    for (const { message } of error?.issues ?? []) faults.push(`${variable}: ${message}`)
    return data
  }
  const vendors = VENDORS.map((vendor) => {
    const { name, apiKey, baseUrl, models, delayMs } = vendor
    const settings: VendorSettings = {
      name,
      apiKey: () => apiKey && lookUp(apiKey.variable),
      baseUrl: baseUrl && (read(baseUrl.variable, webUrl(baseUrl.example)) ?? baseUrl.default),
      models: read(models.variable, list) ?? models.default,
      delayMs: read(delayMs?.variable, wholeNumber(0, MAX_DELAY_MS)) ?? delayMs?.default ?? 0,
    }
    return { vendor, settings }
  })
  return { vendors, faults }
}
