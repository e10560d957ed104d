import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { faultsOf } from '../../test/support/environment-variables.ts'
import { readConfig } from './config.ts'

async function fileWith(content: unknown): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'promptlab-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  const path = join(folder, 'providers.json')
  await writeFile(path, typeof content === 'string' ? content : JSON.stringify(content))
  return path
}

const ACME = { name: 'acme', kind: 'openai-compatible', baseUrl: 'https://api.acme.example/v1' }

async function faultsIn(content: unknown): Promise<string[]> {
  const path = await fileWith(content)
  const prefix = `PROVIDERS_FILE: ${JSON.stringify(path)} `
  return faultsOf({ PROVIDERS_FILE: path }).map((fault) => {
    expect(fault.startsWith(prefix)).toBe(true)
    return fault.slice(prefix.length)
  })
}

it('PROVIDERS_FILE adds vendors behind those of the table', async () => {
  const variables: Record<string, string> = {
    PROVIDERS_FILE: await fileWith([
      { ...ACME, apiKeyEnv: 'ACME_KEY', headers: { 'x-team': 'a', 'api-key': { env: 'ACME_HEADER' } } },
      { ...ACME, name: 'other', kind: 'gemini', models: ['m', '*'] },
    ]),
  }
  const [acme, other] = readConfig(variables).vendors.slice(-2)
  expect(acme).toMatchObject({ vendor: { name: 'acme' }, naming: 'vendor', settings: { models: [] } })
  expect(acme?.settings.apiKey()).toBeUndefined()
  expect(acme?.settings.headers?.all()).toEqual({ 'x-team': 'a' })
  Object.assign(variables, { ACME_KEY: 'the-key', ACME_HEADER: 'the-header' })
  expect(acme?.settings.apiKey()).toBe('the-key')
  expect(acme?.settings.headers?.all()).toEqual({ 'x-team': 'a', 'api-key': 'the-header' })
  expect(acme?.settings.headers?.secrets()).toEqual(['the-header'])
  expect(other).toMatchObject({ vendor: { name: 'other' }, naming: 'any', settings: { models: ['m'] } })
})

it('PROVIDERS_FILE switches the background mode on for vendors with the API of OpenAI only', async () => {
  const vendors = [{ ...ACME, kind: 'openai', background: true }]
  const { settings } = readConfig({ PROVIDERS_FILE: await fileWith(vendors) }).vendors.at(-1) ?? {}
  expect(settings?.background).toBe(true)
  expect(await faultsIn([{ ...ACME, background: true }])).toEqual([
    '[0].background: Is only for openai, not openai-compatible',
  ])
})

it('the faults of PROVIDERS_FILE are told at once, each with its path', async () => {
  const faults = await faultsIn([
    { ...ACME, name: 'Acme', baseUrl: 'acme.example', apiKey: 'hunter2-hunter2', habits: { lacks: ['seeds'], x: 1 } },
    { kind: 'grpc', baseUrl: ACME.baseUrl, apiKeyEnv: 'sk-hunter2', models: [], headers: { Authorization: 'hunter2' } },
  ])
  expect(faults).toEqual([
    '[0].name: Must be 1 to 40 lower-case letters, digits or "-", the first of them a letter',
    '[0].baseUrl: Must begin with http:// or https://, such as https://api.example.com/v1',
    expect.stringMatching(/^\[0\]\.habits\.lacks\[0\]: Must be one of system, temperature/),
    '[0].habits.x: Unknown field',
    '[0].apiKey: Unknown field; name the variable that has the key in apiKeyEnv',
    '[1].name: Is required',
    '[1].kind: Must be one of openai-compatible, openai, anthropic, gemini',
    '[1].apiKeyEnv: Must be the name of an environment variable, such as ACME_API_KEY, not the key itself',
    '[1].headers.Authorization: May hold a key: name the variable that has the value, as {"env": "VARIABLE"}',
    '[1].models: Must not be empty',
  ])
  expect(faults.join()).not.toContain('hunter2')
})

it.each<[string, unknown, string[]]>([
  ['something that is no list', ACME, ['The file: Must be a list, not an object']],
  ['half a file', '[{"name": "hunter2"', ['is not JSON (line 1 column 20)']],
  [
    'a name that the server has',
    [{ ...ACME, name: 'groq' }],
    ['[0].name: The server has a provider "groq" already; choose another name'],
  ],
  ['a name twice', [ACME, ACME], ['[1].name: Is the name of [0] too']],
  [
    'habits of another kind',
    [{ ...ACME, kind: 'gemini', habits: {} }],
    ['[0].habits: Is only for openai-compatible, not gemini'],
  ],
])('PROVIDERS_FILE refuses %s', async (_, content, faults) => {
  expect(await faultsIn(content)).toEqual(faults)
})

it('PROVIDERS_FILE refuses a file that cannot be read', () => {
  expect(faultsOf({ PROVIDERS_FILE: '/no/such/file.json' })).toEqual([
    'PROVIDERS_FILE: "/no/such/file.json" cannot be read (ENOENT)',
  ])
})
