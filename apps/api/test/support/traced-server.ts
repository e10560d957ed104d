import { type LoopbackVendor, startOpenAIVendor } from '@promptlab/providers/testing/vendors'
import { expect, onTestFinished } from 'vitest'
import { OtlpCollector } from './otlp-collector.ts'
import { ServerProcess } from './server-process.ts'

interface TracedServer {
  readonly server: ServerProcess & { url: string }
  readonly collector: OtlpCollector
  readonly vendor: LoopbackVendor
}

/** Starts a server process whose vendor and trace collector the test controls. */
export async function startTraced(env: Record<string, string> = {}): Promise<TracedServer> {
  const collector = await OtlpCollector.start()
  const vendor = await startOpenAIVendor()
  onTestFinished(() => vendor.close())
  const server = await ServerProcess.start({
    OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
    OPENAI_API_KEY: 'vendor-KEYSECRET',
    OPENAI_BASE_URL: vendor.url,
    ...env,
  })
  return { server, collector, vendor }
}

/** Sends `POST /jobs` with more headers. */
export function postTo(url: string, body: object, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(`${url}/jobs`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  })
}

/** Stops the server with SIGTERM, so that it delivers its last spans. */
export async function stop(server: ServerProcess): Promise<void> {
  server.signal('SIGTERM')
  expect(await server.exit()).toBe(0)
}
