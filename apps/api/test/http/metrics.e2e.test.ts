import { readFile } from 'node:fs/promises'
import { describe, expect, it, vi } from 'vitest'
import { z } from 'zod'
import { ANN, ApiKeyServer } from '../support/api-key-server.ts'
import { PRICES } from '../support/billed-vendor.ts'
import { createJob, postJob, readStream, StreamReader } from '../support/job-client.ts'
import { jsonFile } from '../support/json-file.ts'
import { LogLines } from '../support/log-lines.ts'
import { ScriptedProvider } from '../support/scripted-provider.ts'
import { startServer } from '../support/test-server.ts'
import { OPENAI, PATIENT, startVendorServer } from '../support/vendor-server.ts'
import { WEBHOOK_SECRET, WebhookReceiver } from '../support/webhook-receiver.ts'

const ECHO = { prompt: 'Once upon a time', provider: 'echo', model: 'echo' }
const SCRIPTED = { prompt: 'Go', provider: 'scripted', model: 'script-1' }

const metricsOf = async (url: string) => await (await fetch(`${url}/metrics`)).text()

/** The value of one series, given as the metrics write it, with labels. */
function sampleOf(metrics: string, series: string): number | undefined {
  const line = metrics.split('\n').find((each) => each.startsWith(`${series} `))
  return line === undefined ? undefined : Number(line.slice(series.length + 1))
}

/** A server that tells a receiver, and that has refused two jobs for their cost and stopped one. */
async function refuseAndStop(): Promise<string> {
  const receiver = await WebhookReceiver.start()
  const { vendor, url } = await startVendorServer({
    ...{ OPENAI_MODELS: 'gpt-4,unpriced', PRICES_FILE: await jsonFile('prices.json', PRICES) },
    ...{ WEBHOOK_SECRET, WEBHOOK_URL: receiver.url },
  })
  await postJob(url, { ...OPENAI, model: 'unpriced', maxCostUsd: 1 })
  await postJob(url, { ...OPENAI, maxCostUsd: 0.000_001 })
  const { id } = await createJob(url, { ...OPENAI, maxCostUsd: 0.1 })
  ;(await vendor.nextRequest()).finish({ reason: 'length' })
  await readStream(url, id)
  await receiver.count(1)
  await vi.waitUntil(async () => (await metricsOf(url)).includes('promptlab_webhook_attempts_total{'), 10_000)
  return url
}

describe('GET /metrics', () => {
  it('counts jobs, their tokens and their times', async () => {
    const { url } = await startServer()
    const { id } = await createJob(url, ECHO)
    await readStream(url, id)
    const metrics = await metricsOf(url)
    const labels = '{provider="echo",model="echo"}'
    expect(sampleOf(metrics, 'promptlab_jobs_ended_total{provider="echo",model="echo",status="completed"}')).toBe(1)
    expect(sampleOf(metrics, `promptlab_tokens_total${labels}`)).toBe(4)
    expect(sampleOf(metrics, `promptlab_job_time_to_first_token_seconds_count${labels}`)).toBe(1)
    expect(sampleOf(metrics, `promptlab_job_time_between_tokens_seconds_count${labels}`)).toBe(1)
    expect(sampleOf(metrics, 'promptlab_job_queue_wait_seconds_count{provider="echo"}')).toBe(1)
    expect(sampleOf(metrics, 'promptlab_jobs_running{provider="echo"}')).toBe(0)
    expect(sampleOf(metrics, 'promptlab_storage_write_seconds_count{operation="insert"}')).toBe(1)
    expect(metrics).toContain('nodejs_eventloop_lag_p99_seconds')
  })

  it('shows how many jobs run and wait, and how many streams are open', async () => {
    const gate = Promise.withResolvers<void>()
    const env = { MAX_CONCURRENT_JOBS: '1' }
    const { url } = await startServer({ env, providers: [new ScriptedProvider(['a', gate.promise])] })
    const jobs = [await createJob(url, SCRIPTED), await createJob(url, SCRIPTED)]
    const reader = await StreamReader.open(url, jobs[0]?.id ?? '')
    await reader.nextToken()
    const during = await metricsOf(url)
    expect(sampleOf(during, 'promptlab_jobs_running{provider="scripted"}')).toBe(1)
    expect(sampleOf(during, 'promptlab_jobs_waiting')).toBe(1)
    expect(sampleOf(during, 'promptlab_streams_open')).toBe(1)
    gate.resolve()
    await reader.rest()
    await readStream(url, jobs[1]?.id ?? '')
    const after = await metricsOf(url)
    expect(sampleOf(after, 'promptlab_jobs_running{provider="scripted"}')).toBe(0)
    expect(sampleOf(after, 'promptlab_jobs_waiting')).toBe(0)
  })

  it('counts every failed call of a provider', async () => {
    const { vendor, url } = await startVendorServer({}, { run: { ...PATIENT, patienceMs: 0 } })
    const { id } = await createJob(url, OPENAI)
    for (const status of [429, 500, 503]) (await vendor.nextRequest()).fail(status)
    await readStream(url, id)
    const metrics = await metricsOf(url)
    const of = (code: string) => sampleOf(metrics, `promptlab_provider_errors_total{provider="openai",code="${code}"}`)
    expect([of('provider-rate-limited'), of('provider-unavailable')]).toEqual([1, 2])
    expect(sampleOf(metrics, 'promptlab_jobs_ended_total{provider="openai",model="gpt-4",status="failed"}')).toBe(1)
  })

  it('counts requests that are refused and jobs that are stopped for their cost', async () => {
    const url = await refuseAndStop()
    const metrics = await metricsOf(url)
    expect(sampleOf(metrics, 'promptlab_budget_refusals_total{reason="unpriced-model"}')).toBe(1)
    expect(sampleOf(metrics, 'promptlab_budget_refusals_total{reason="budget-exceeded"}')).toBe(1)
    expect(sampleOf(metrics, 'promptlab_budget_stops_total{provider="openai",model="gpt-4"}')).toBe(1)
  })

  it('has labels whose number does not grow with requests', async () => {
    const { url } = await startServer()
    for (let count = 0; count < 50; count++) {
      await fetch(`${url}/unknown-${count}`)
      await fetch(`${url}/jobs/unknown-${count}`)
      await fetch(`${url}/jobs`, { method: 'PROPFIND' })
      await createJob(url, { ...ECHO, model: `unknown-${count}` }).catch(() => {})
    }
    const series = (await metricsOf(url)).match(/^promptlab_http_request_duration_seconds_count.*$/gm) ?? []
    expect(series.length).toBeLessThan(8)
    expect(series.join()).toContain('route="unknown"')
    expect(await metricsOf(url)).not.toContain('unknown-')
  })

  it('needs METRICS_KEY when the server has API keys, and METRICS_KEY opens no other route', async () => {
    const key = 'key-of-metrics-0123456789'
    const server = await ApiKeyServer.start({ env: { METRICS_KEY: key }, logger: new LogLines().logger })
    const statuses = async (path: string) =>
      await Promise.all([undefined, ANN, key].map(async (each) => (await server.call(each, path)).status))
    expect(await statuses('/metrics')).toEqual([401, 401, 200])
    expect(await statuses('/jobs')).toEqual([401, 200, 401])
    const without = await ApiKeyServer.start()
    expect((await without.call(ANN, '/metrics')).status).toBe(401)
  })
})

const Dashboard = z.object({
  panels: z.array(z.object({ title: z.string(), targets: z.array(z.object({ expr: z.string() })) })),
})

/** The labels of each metric. */
function labelsIn(metrics: string): ReadonlyMap<string, ReadonlySet<string>> {
  const labelsOf = new Map<string, Set<string>>()
  for (const [, name = '', labels = ''] of metrics.matchAll(/^(\w+)(?:\{(.*)\})? /gm)) {
    const known = labelsOf.get(name) ?? new Set()
    for (const [, label = ''] of labels.matchAll(/(\w+)="/g)) known.add(label)
    labelsOf.set(name, known)
  }
  return labelsOf
}

async function expressionsOf(file: URL): Promise<string[]> {
  const { panels } = Dashboard.parse(JSON.parse(await readFile(file, 'utf8')))
  return panels.flatMap(({ targets }) => targets.map(({ expr }) => expr))
}

function labelsUsedIn(expression: string): string[] {
  const grouped = [...expression.matchAll(/by \(([^)]*)\)/g)].flatMap(([, list = '']) => list.split(/,\s*/))
  return [...grouped, ...[...expression.matchAll(/(\w+)(?:=~|!=|=)"/g)].map(([, label = '']) => label)]
}

describe('deploy/grafana-dashboard.json', () => {
  it('queries only metrics and labels that exist', async () => {
    const { vendor, url } = await startVendorServer()
    const failed = await createJob(url, OPENAI)
    ;(await vendor.nextRequest()).fail(400)
    await readStream(url, failed.id)
    await readStream(url, (await createJob(url, ECHO)).id)
    const labelsOf = new Map([...labelsIn(await metricsOf(await refuseAndStop())), ...labelsIn(await metricsOf(url))])

    const expressions = await expressionsOf(new URL('../../../../deploy/grafana-dashboard.json', import.meta.url))
    expect(expressions.length).toBeGreaterThan(10)
    const wrong: string[] = []
    for (const expression of expressions) {
      const names = expression.match(/\b(?:promptlab|nodejs|process)_\w+/g) ?? []
      expect(names, expression).not.toEqual([])
      for (const name of names) {
        // Prometheus adds the label `instance`.
        const labels = ['instance', ...(labelsOf.get(name) ?? [])]
        if (!labelsOf.has(name)) wrong.push(`${name} in ${expression}`)
        wrong.push(...labelsUsedIn(expression).filter((label) => !labels.includes(label)))
      }
    }
    expect(wrong).toEqual([])
  })
})
