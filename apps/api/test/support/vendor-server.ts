import { type LoopbackVendor, startOpenAIVendor } from '@promptlab/providers/testing/vendors'
import { onTestFinished } from 'vitest'
import { startServer, type TestServer, type TestServerOptions } from './test-server.ts'

/** A job for the vendor of `startVendorServer`. */
export const OPENAI = { prompt: 'Hello', provider: 'openai', model: 'gpt-4' }

/** Limits that no test reaches, and retries without a pause. */
export const PATIENT = {
  firstTokenTimeoutMs: 60_000,
  tokenIdleTimeoutMs: 60_000,
  contentTimeoutMs: 60_000,
  jobTimeoutMs: 60_000,
  maxAnswerLength: 4_000_000,
  retryDelayMs: 1,
  patienceMs: 60_000,
}

/** Starts a server whose `openai` vendor the test controls. */
export async function startVendorServer(
  settings: Readonly<Record<string, string>> = {},
  config: TestServerOptions['config'] = {},
): Promise<TestServer & { vendor: LoopbackVendor }> {
  const vendor = await startOpenAIVendor()
  onTestFinished(() => vendor.close())
  const env = { OPENAI_API_KEY: 'key', OPENAI_BASE_URL: vendor.url, ...settings }
  return { ...(await startServer({ env, config: { run: PATIENT, ...config } })), vendor }
}
