import { tmpdir } from 'node:os'
import { expect, it } from 'vitest'
import { faultsOf } from '../../test/support/environment-variables.ts'
import { readVendors } from './vendor-settings.ts'

const REPLAY_DIR = tmpdir()

it.each([
  [{ REPLAY_FOR: 'openai' }, 'REPLAY_FOR: Has no effect without REPLAY_DIR: set that too, or neither'],
  [{ REPLAY_DIR, REPLAY_FOR: 'openai,opnai' }, 'REPLAY_FOR: There is no provider opnai; there are echo, openai, '],
  [{ REPLAY_DIR, REPLAY_FOR: 'replay' }, 'REPLAY_FOR: There is no provider replay; '],
  [{ REPLAY_DIR: '/none' }, 'REPLAY_DIR: Must be the path of a folder that is there, not "/none"'],
  [{ REPLAY_DIR, REPLAY_SPEED: '-1' }, 'REPLAY_SPEED: Must be 0, or a number from 0.001 to 1000, such as 2 or 0.5'],
])('REPLAY_FOR > the settings %j are refused', (variables, fault) => {
  expect(faultsOf(variables).join()).toContain(fault)
})

it('REPLAY_FOR > a stand-in has no address and no key, and takes what its vendor takes', () => {
  const variables = { OPENAI_API_KEY: 'secret', REPLAY_DIR, REPLAY_FOR: 'openai, groq', REPLAY_SPEED: '.5' }
  const { vendors } = readVendors(variables)
  const real = readVendors({}).vendors
  for (const name of ['openai', 'groq']) {
    const found = vendors.find(({ vendor }) => vendor.name === name)
    expect(found).toMatchObject({ naming: 'listed', settings: { replay: { folder: REPLAY_DIR, speed: 0.5 } } })
    expect(found?.vendor.baseUrl).toBeUndefined()
    expect(found?.settings.apiKey()).toBeUndefined()
    const vendor = real.find((each) => each.vendor.name === name)
    expect(found?.vendor.create(found.settings).capabilities).toEqual(
      vendor?.vendor.create(vendor.settings).capabilities,
    )
  }
  expect(vendors.map(({ vendor }) => vendor.name)).toEqual(real.map(({ vendor }) => vendor.name))
})
