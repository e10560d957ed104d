import { expect, it, vi } from 'vitest'
import { Cluster } from '../support/cluster.ts'
import { createJob, StreamReader } from '../support/job-client.ts'
import { OtlpCollector } from '../support/otlp-collector.ts'
import { spanTree } from '../support/span-tree.ts'
import { withPostgres } from '../support/test-postgres.ts'
import { describeWithRedisProcess } from '../support/test-redis.ts'
import { stop } from '../support/traced-server.ts'
import { OPENAI } from '../support/vendor-server.ts'

// The test starts several processes.
vi.setConfig({ testTimeout: 60_000 })

await withPostgres((newDatabase) => {
  describeWithRedisProcess('the trace of a job in a cluster', () => {
    it('has the spans of the process that accepted the job and of the worker that ran it', async () => {
      const collector = await OtlpCollector.start()
      const cluster = await Cluster.prepare(await newDatabase(), { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url })
      const [api, worker] = await Promise.all([
        cluster.start('api', { OTEL_SERVICE_NAME: 'api' }),
        cluster.start('worker', { OTEL_SERVICE_NAME: 'worker' }),
      ])
      const { id } = await createJob(api.url, OPENAI)
      const exchange = await cluster.vendor.nextRequest()
      const reader = await StreamReader.open(api.url, id)
      exchange.sendToken('Hi')
      expect(await reader.nextToken()).toBe('Hi')
      exchange.finish()
      await reader.rest()
      await Promise.all([stop(api), stop(worker)])

      expect(new Set(collector.spans.map(({ traceId }) => traceId)).size).toBe(1)
      expect(spanTree(collector.spans, undefined)).toEqual(['POST /jobs', '  run', '    chat gpt-4', '  wait'])
      const services = new Map(collector.spans.map(({ name, resource }) => [name, resource['service.name']]))
      expect(Object.fromEntries(services)).toEqual({
        'POST /jobs': 'api',
        wait: 'worker',
        run: 'worker',
        'chat gpt-4': 'worker',
      })
    })
  })
})
