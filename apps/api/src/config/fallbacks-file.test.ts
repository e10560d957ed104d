import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { temporaryFolder } from '../../test/support/temporary-folder.ts'
import { ConfigError } from './config.ts'
import { readFallbacksFile } from './fallbacks-file.ts'

async function read(content: unknown) {
  const path = join(await temporaryFolder(), 'fallbacks.json')
  await writeFile(path, typeof content === 'string' ? content : JSON.stringify(content))
  return await readFallbacksFile(path, ['openai', 'openrouter'])
}

describe('FALLBACKS_FILE', () => {
  it('has fallbacks by the name of a model, whose own name may have slashes', async () => {
    expect(await read({ 'openai/gpt-4': ['openrouter/openai/gpt-4', 'openai/gpt-5'] })).toEqual(
      new Map([
        [
          'openai/gpt-4',
          [
            { provider: 'openrouter', model: 'openai/gpt-4' },
            { provider: 'openai', model: 'gpt-5' },
          ],
        ],
      ]),
    )
  })

  it.each([
    ['is not JSON', '{', /cannot be read as JSON/],
    ['names a model without its provider', { 'gpt-4': ['openai/gpt-5'] }, /gpt-4: Must be provider\/model/],
    [
      'names a fallback without its provider',
      { 'openai/gpt-4': ['gpt-5'] },
      /openai\/gpt-4: 0: Must be provider\/model/,
    ],
    ['has a model without fallbacks', { 'openai/gpt-4': [] }, /openai\/gpt-4: /],
    ['names a model as its own fallback', { 'openai/gpt-4': ['openai/gpt-4'] }, /openai\/gpt-4: Names itself/],
    ['names a fallback twice', { 'openai/gpt-4': ['openai/a', 'openai/a'] }, /openai\/gpt-4: Names a model twice/],
    ['names a provider that there is not', { 'openai/gpt-4': ['openia/a'] }, /no provider "openia". Known: openai, /],
  ])('is refused with words if it %s', async (_, content, words) => {
    const reading = read(content)
    await expect(reading).rejects.toThrow(ConfigError)
    await expect(reading).rejects.toThrow(words)
  })

  it('is refused with words if it is not there', async () => {
    await expect(readFallbacksFile('/no/such/file.json', [])).rejects.toThrow(/FALLBACKS_FILE: .*ENOENT/)
  })
})
