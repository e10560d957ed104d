import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { ProviderInfo } from '@promptlab/contract'
import { describe, expect, it } from 'vitest'
import { finishedJob, getJob, postJob, problemOf } from '../support/job-client.ts'
import { replayOf } from '../support/replay-server.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { startServer } from '../support/test-server.ts'
import { PATIENT } from '../support/vendor-server.ts'

describe('a replayed vendor', () => {
  const request = { provider: 'openai', model: 'gpt-4', prompt: 'Please' }
  const fixture = { version: 1, request, answer: [{ type: 'text', text: 'Yes' }], end: { finishReason: 'stop' } }
  const listed = async (url: string) => ProviderInfo.array().parse(await (await fetch(`${url}/providers`)).json())

  it('is listed with the models of its fixtures, and needs no key', async () => {
    const other = { ...fixture, request: { ...request, provider: 'gemini', model: 'gemini-pro' } }
    const { url } = await replayOf([fixture, other], { REPLAY_FOR: 'openai' })
    const shown = (await listed(url)).filter(({ configured }) => configured)
    expect(shown).toMatchObject([
      { name: 'echo' },
      { name: 'replay', models: ['gemini-pro'], modelList: { source: 'settings', anyName: false } },
      { name: 'openai', models: ['gpt-4'], missing: [] },
    ])
    const refused = await problemOf(await postJob(url, { ...request, model: 'gpt-5' }))
    expect(refused).toMatchObject({ code: 'unknown-model', detail: expect.stringContaining('Supported: gpt-4.') })
  })

  it('is not listed without a folder', async () => {
    const { url } = await startServer()
    expect((await listed(url)).map(({ name }) => name)).not.toContain('replay')
    expect(await problemOf(await postJob(url, { ...request, provider: 'replay' }))).toMatchObject({
      code: 'provider-key-missing',
      detail: 'replay is not configured on this server: set REPLAY_DIR.',
    })
  })

  it('says in the job what differs from the nearest fixture', async () => {
    const { url } = await replayOf([fixture])
    const job = await finishedJob(url, { ...request, provider: 'replay', options: { seed: 3 } })
    expect(job).toMatchObject({
      status: 'failed',
      error: {
        code: 'provider-rejected',
        message: 'replay: no fixture for this request; the nearest, 0.json, differs in options.seed.',
      },
    })
  })

  it('fails as the faults of its fixture say, so that retries, waits, fallbacks and limits are tested', async () => {
    const faults = [
      { call: 1, error: 'provider-unavailable' },
      { call: 3, error: 'provider-rate-limited', retryAfterMs: 5 },
      { call: 5, afterPieces: 1, error: 'provider-unavailable' },
      { call: 6, error: 'provider-auth' },
      { call: 7, error: 'provider-unavailable', status: 529, retryAfterMs: 5 },
    ]
    const other = { ...fixture, request: { ...request, provider: 'gemini' }, answer: [{ type: 'text', text: 'Other' }] }
    const { url } = await replayOf([{ ...fixture, faults }, other], { REPLAY_FOR: 'openai,gemini' })
    const run = (more: object = {}) => finishedJob(url, { ...request, ...more })
    expect(await run()).toMatchObject({ status: 'completed', metrics: { attempts: 2 } })
    expect(await run()).toMatchObject({ status: 'completed', metrics: { attempts: 2 } })
    expect(await run()).toMatchObject({ status: 'failed', result: 'Yes', error: { code: 'provider-unavailable' } })
    const fallbacks = [{ provider: 'gemini', model: 'gpt-4' }]
    expect(await run({ fallbacks })).toMatchObject({ status: 'completed', result: 'Other' })
    expect(await run()).toMatchObject({ status: 'completed', metrics: { attempts: 2 } })
  })

  it('hangs as its fixture says, until a time limit ends the job', async () => {
    const folder = await temporaryFolder()
    const faults = [{ call: 1, afterPieces: 1, hang: true }]
    await writeFile(join(folder, 'a.json'), JSON.stringify({ ...fixture, faults }))
    const config = { run: { ...PATIENT, tokenIdleTimeoutMs: 20 } }
    const { url } = await startServer({ env: { REPLAY_DIR: folder }, config })
    const asked = { ...request, provider: 'replay' }
    expect(await finishedJob(url, asked)).toMatchObject({ result: 'Yes', error: { code: 'provider-timeout' } })
    const { id } = await finishedJob(url, asked)
    expect(await getJob(url, id)).toMatchObject({ status: 'completed', result: 'Yes' })
  })
})
