import { readFile } from 'node:fs/promises'
import { issueSentence } from '@promptlab/contract'
import { OperatorPrices } from '../prices/operator-prices.ts'
import { ConfigError } from './config.ts'

/**
 * Reads the prices of the operator.
 * @param providers the names of all providers: a misspelt name would leave its prices out in silence
 * @throws ConfigError the file cannot be read, or has another form
 */
export async function readPricesFile(path: string, providers: readonly string[]): Promise<OperatorPrices> {
  const prices = OperatorPrices.safeParse(await readJson(path), { error: issueSentence })
  if (!prices.success) {
    const faults = prices.error.issues.map(({ path: place, message }) => `${place.join('.')}: ${message}`)
    throw new ConfigError(`PRICES_FILE: ${path} is not valid:\n${faults.map((fault) => `  ${fault}`).join('\n')}`)
  }
  const unknown = Object.keys(prices.data).filter((name) => !providers.includes(name))
  if (unknown.length === 0) return prices.data
  throw new ConfigError(
    `PRICES_FILE: ${path} has prices for ${unknown.join(', ')}, but the providers are ${providers.join(', ')}`,
  )
}

async function readJson(path: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(path, 'utf8'))
  } catch (error) {
    throw new ConfigError(
      `PRICES_FILE: ${path} cannot be read as JSON: ${error instanceof Error ? error.message : String(error)}`,
    )
  }
}
