import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { temporaryFolder } from '../../test/support/temporary-folder.ts'
import { ConfigError } from './config.ts'
import { readPricesFile } from './prices-file.ts'

async function read(content: unknown) {
  const path = join(await temporaryFolder(), 'prices.json')
  await writeFile(path, typeof content === 'string' ? content : JSON.stringify(content))
  return await readPricesFile(path, ['openai', 'ollama'])
}

describe('PRICES_FILE', () => {
  it('has prices by provider and model', async () => {
    const prices = { openai: { 'gpt-4': { input: 1, output: 2.5 } }, ollama: { '*': { input: 0, output: 0 } } }
    expect(await read(prices)).toEqual(prices)
  })

  it.each([
    ['is not JSON', '{', /cannot be read as JSON/],
    ['lacks a price', { openai: { 'gpt-4': { input: 1 } } }, /openai\.gpt-4\.output: /],
    ['has a price below 0', { openai: { 'gpt-4': { input: -1, output: 1 } } }, /openai\.gpt-4\.input: /],
    [
      'has a field that means nothing',
      { openai: { 'gpt-4': { input: 1, output: 1, cached: 1 } } },
      /openai\.gpt-4\.cached: Unknown field/,
    ],
    [
      'names a provider that there is not',
      { openia: {} },
      /has prices for openia, but the providers are openai, ollama/,
    ],
  ])('is refused with words if it %s', async (_, content, words) => {
    const reading = read(content)
    await expect(reading).rejects.toThrow(ConfigError)
    await expect(reading).rejects.toThrow(words)
  })

  it('is refused with words if it is not there', async () => {
    await expect(readPricesFile('/no/such/file.json', [])).rejects.toThrow(/PRICES_FILE: .*ENOENT/)
  })
})
