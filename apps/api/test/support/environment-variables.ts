import { VENDORS } from '@promptlab/providers/vendors'
import { ConfigError, readConfig } from '../../src/config/config.ts'
import { Environment, type EnvironmentVariables } from '../../src/config/environment.ts'

/** The variables of all vendors, each with the setting of its row. */
export const VENDOR_VARIABLES = new Map(
  VENDORS.flatMap(({ apiKey, baseUrl, models, delayMs, api, background, replay }) =>
    [apiKey, baseUrl, models, delayMs, api, background, replay?.folder, replay?.speed, replay?.standsFor].flatMap(
      (setting) => (setting?.variable ? [[setting.variable, setting]] : []),
    ),
  ),
)

/** The names of all environment variables that the server reads, sorted. */
export const VARIABLE_NAMES = [...Object.keys(Environment.shape), ...VENDOR_VARIABLES.keys()].sort()

/** The faults that the configuration reports for these variables. */
export function faultsOf(variables: EnvironmentVariables): string[] {
  try {
    readConfig(variables)
    return []
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    const [, ...faults] = error.message.split('\n')
    return faults.map((fault) => fault.trim())
  }
}
