import { startBackgroundVendor } from '@promptlab/providers/testing/vendors'
import { expect, it, onTestFinished, vi } from 'vitest'
import { createJob, getJob, readStream, StreamReader } from '../support/job-client.ts'
import { jsonFile } from '../support/json-file.ts'
import { newStorePath, startServer } from '../support/test-server.ts'
import { OPENAI, PATIENT } from '../support/vendor-server.ts'

/** A dollar a thousand tokens of input, two dollars a thousand of output. */
const PRICES = { openai: { 'gpt-4': { input: 1_000, output: 2_000 } } }

it.each(['while it runs', 'behind a restart'])('stops a run that is joined again %s, and cancels it', async (when) => {
  const vendor = await startBackgroundVendor()
  onTestFinished(() => vendor.close())
  const env = {
    DATABASE_URL: await newStorePath(),
    PRICES_FILE: await jsonFile('prices.json', PRICES),
    OPENAI_API_KEY: 'key',
    OPENAI_BASE_URL: vendor.url,
    OPENAI_API: 'responses',
    OPENAI_BACKGROUND: 'on',
  }
  const start = () => startServer({ env: { ...env }, config: { run: PATIENT } })
  let server = await start()
  const { id } = await createJob(server.url, { ...OPENAI, maxCostUsd: 0.1 })
  const { run, body } = await vendor.nextRun()
  expect(body).toMatchObject({ max_output_tokens: 44 })
  const gate = Promise.withResolvers<void>()
  const never = new Promise<void>(() => {})
  let count = 0
  const pause = async () => {
    count++
    if (count > 10) await gate.promise
    if (count > 60) await never
  }
  void run.say([{ type: 'text', pieces: Array.from({ length: 100 }, () => 'x') }], pause)
  const reader = await StreamReader.open(server.url, id)
  for (let read = 0; read < 10; read++) await reader.nextToken()
  if (when === 'behind a restart') {
    await server.app.close()
    server = await start()
  } else run.breakConnections()
  gate.resolve()
  await readStream(server.url, id)
  expect(await getJob(server.url, id)).toMatchObject({
    status: 'failed',
    error: { code: 'budget-exceeded' },
    result: 'x'.repeat(49),
    metrics: { attempts: 1, cost: { usd: 0.1, priced: 'estimated' } },
  })
  await vi.waitUntil(() => run.status === 'cancelled', 10_000)
})
