import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { temporaryFolder } from '../../test/support/temporary-folder.ts'
import { ConfigError } from './config.ts'
import { loadEnvironmentFile } from './environment-file.ts'

const NAMES = ['FIRST_OF_FILE', 'SECOND_OF_FILE', 'SET_BEFORE']

async function fileWith(content: string | Buffer): Promise<string> {
  const path = join(await temporaryFolder(), '.env')
  await writeFile(path, content)
  return path
}

describe('loadEnvironmentFile', () => {
  afterEach(() => {
    for (const name of NAMES) delete process.env[name]
    vi.unstubAllEnvs()
  })

  it('sets the variables that are not set yet, and says how many', async () => {
    vi.stubEnv('SET_BEFORE', 'kept')
    const path = await fileWith(
      '# a comment\n\nFIRST_OF_FILE=one\nexport SECOND_OF_FILE = "two # more"\r\nSET_BEFORE=lost\n',
    )
    expect(loadEnvironmentFile(path)).toEqual({ path, variables: 2 })
    expect(NAMES.map((name) => process.env[name])).toEqual(['one', 'two # more', 'kept'])
  })

  it('reads the first variable behind a byte-order mark', async () => {
    loadEnvironmentFile(await fileWith('\ufeffFIRST_OF_FILE=one\n'))
    expect(process.env['FIRST_OF_FILE']).toBe('one')
  })

  it('takes quoted values of several lines', async () => {
    loadEnvironmentFile(await fileWith('FIRST_OF_FILE="one\ntwo"\nSECOND_OF_FILE=`a\nb=c`\n'))
    expect(process.env['FIRST_OF_FILE']).toBe('one\ntwo')
    expect(process.env['SECOND_OF_FILE']).toBe('a\nb=c')
  })

  it.each([
    ['UTF-16', Buffer.from('\ufeffFIRST_OF_FILE=one\n', 'utf16le')],
    ['UTF-16 without a mark', Buffer.from('FIRST_OF_FILE=one\n', 'utf16le')],
    ['Latin-1', Buffer.from('FIRST_OF_FILE=é\n', 'latin1')],
  ])('refuses %s with words', async (_, content) => {
    const path = await fileWith(content)
    expect(() => loadEnvironmentFile(path)).toThrow(/is not UTF-8 text.*Save it as UTF-8/)
    expect(() => loadEnvironmentFile(path)).toThrow(ConfigError)
  })

  it('refuses a line that is no assignment, with its number and without its text', async () => {
    const path = await fileWith('FIRST_OF_FILE=one\nAPI_KEYS: ann:canary\n')
    expect(() => loadEnvironmentFile(path)).toThrow(`${path} line 2 is not NAME=VALUE. Correct it, or begin it with #.`)
  })

  it('is content without a file', async () => {
    expect(loadEnvironmentFile(join(await temporaryFolder(), '.env'))).toBeUndefined()
  })
})
