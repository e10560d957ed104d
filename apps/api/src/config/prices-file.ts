import { issueSentence } from '@promptlab/contract'
import { OperatorPrices } from '../prices/operator-prices.ts'
import { ConfigError } from './config.ts'
import { faultIn, invalidFile, readJsonFile } from './read-json-file.ts'

/**
 * Reads the prices of the operator.
 * @param providers the names of all providers: a misspelt name would leave its prices out in silence
 * @throws ConfigError the file cannot be read, or has another form
 */
export async function readPricesFile(path: string, providers: readonly string[]): Promise<OperatorPrices> {
  const prices = OperatorPrices.safeParse(await readJsonFile('PRICES_FILE', path), { error: issueSentence })
  if (!prices.success) throw invalidFile('PRICES_FILE', path, prices.error.issues.map(faultIn))
  const unknown = Object.keys(prices.data).filter((name) => !providers.includes(name))
  if (unknown.length === 0) return prices.data
  throw new ConfigError(
    `PRICES_FILE: ${path} has prices for ${unknown.join(', ')}, but the providers are ${providers.join(', ')}`,
  )
}
