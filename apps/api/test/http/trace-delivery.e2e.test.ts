import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { describe, expect, it, vi } from 'vitest'
import { createJob, readStream } from '../support/job-client.ts'
import { OtlpCollector } from '../support/otlp-collector.ts'
import { ServerProcess } from '../support/server-process.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { startTraced, stop } from '../support/traced-server.ts'

// Each test starts processes.
vi.setConfig({ testTimeout: 60_000 })

const ECHO = { prompt: 'Once upon a time', provider: 'echo', model: 'echo' }

describe('the collector of traces', () => {
  const AWAY = 'could not deliver traces'
  const linesWith = (server: ServerProcess, words: string) => server.output.split(words).length - 1

  it('gets one log line when it begins to refuse traces and one when it accepts them again, while jobs go on', async () => {
    const { server, collector } = await startTraced({ ECHO_DELAY_MS: '0' })
    collector.answer = 400
    for (const count of [1, 2]) {
      const { id } = await createJob(server.url, ECHO)
      expect((await readStream(server.url, id)).text).toBe(ECHO.prompt)
      await collector.hasRequests(count)
    }
    collector.answer = 200
    await createJob(server.url, ECHO)
    await collector.spansNamed('POST /jobs', 'run')
    await stop(server)
    expect(linesWith(server, AWAY)).toBe(1)
    expect(linesWith(server, 'delivered traces again')).toBe(1)
  })

  it('delays neither jobs nor the stop of the server when it is away', async () => {
    const { server, collector } = await startTraced({ ECHO_DELAY_MS: '0' })
    await collector.close()
    const { id } = await createJob(server.url, ECHO)
    expect((await readStream(server.url, id)).text).toBe(ECHO.prompt)
    const from = performance.now()
    await stop(server)
    expect(performance.now() - from).toBeLessThan(8_000)
  })

  it('does not delay the stop of the server when it never answers, and a log line says that traces are lost', async () => {
    const { server, collector } = await startTraced({ ECHO_DELAY_MS: '0' })
    collector.answer = undefined
    const { id } = await createJob(server.url, ECHO)
    await readStream(server.url, id)
    const from = performance.now()
    await stop(server)
    expect(performance.now() - from).toBeLessThan(8_000)
    expect(linesWith(server, 'could not deliver the last traces in time')).toBe(1)
  })

  it('is the only reason to load OpenTelemetry: a server without a collector loads no module of it', async () => {
    const preload = join(await temporaryFolder(), 'tell-what-is-loaded.mjs')
    await writeFile(
      preload,
      `import { registerHooks } from 'node:module'
       const urls = []
       registerHooks({ load: (url, context, next) => (urls.push(url), next(url, context)) })
       process.on('exit', () => process.stderr.write(urls.map((url) => 'loads ' + url + '\\n').join('')))`,
    )
    const main = fileURLToPath(new URL('../../src/main.ts', import.meta.url))
    const loads = async (env: Record<string, string>) => {
      const args = ['--import', pathToFileURL(preload).href, '--import', import.meta.resolve('tsx'), main]
      const server = await ServerProcess.spawnNode(args, env)
      const url = await server.listening()
      await readStream(url, (await createJob(url, ECHO)).id)
      await stop(server)
      expect(server.output).toContain('src/dependencies.ts')
      return server.output.split('\n').filter((line) => /^loads .*(opentelemetry|src\/tracing\/)/.test(line))
    }
    expect(await loads({})).toEqual([])
    const collector = await OtlpCollector.start()
    expect((await loads({ OTEL_EXPORTER_OTLP_ENDPOINT: collector.url })).length).toBeGreaterThan(10)
  })

  it('needs a valid URL, else the server says so and exits with 1', async () => {
    const server = await ServerProcess.spawn({
      OTEL_EXPORTER_OTLP_ENDPOINT: 'localhost:4318',
      OTEL_TRACES_SAMPLER: 'all',
    })
    expect(await server.exit()).toBe(1)
    expect(server.output).toContain('OTEL_EXPORTER_OTLP_ENDPOINT: Must begin with http:// or https://')
    expect(server.output).toContain('OTEL_TRACES_SAMPLER: ')
  })
})
