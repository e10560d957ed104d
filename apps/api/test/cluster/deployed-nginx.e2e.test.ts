import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { expect, it, onTestFinished, type TestContext, vi } from 'vitest'
import { Cluster } from '../support/cluster.ts'
import { createJob, jobOf, postJob, readStream, StreamReader } from '../support/job-client.ts'
import { startNginx } from '../support/nginx-process.ts'
import { withPostgres } from '../support/test-postgres.ts'
import { describeWithRedisProcess } from '../support/test-redis.ts'
import { startServer } from '../support/test-server.ts'
import { OPENAI } from '../support/vendor-server.ts'

const CONFIGURATION = await readFile(new URL('../../../../deploy/nginx.conf', import.meta.url), 'utf8')
const ECHO = { prompt: 'Once upon a time', provider: 'echo', model: 'echo' }

// The tests with a cluster start several processes.
vi.setConfig({ testTimeout: 120_000 })

/** nginx with the deployed configuration; only addresses and paths are those of this machine. */
async function startDeployedNginx(servers: readonly [string, string], skip: TestContext['skip']): Promise<string> {
  return await startNginx((folder, address) => {
    const configuration = CONFIGURATION.replaceAll('/tmp/', `${folder}/`)
      .replace('/dev/stdout', `${folder}/access.log`)
      .replace('error_log stderr', `error_log ${folder}/error.log`)
      .replace('listen 8080;', `listen ${address};`)
      // The servers have addresses, so nginx needs no name server.
      .replace(/^\s*resolver .*$/m, '')
      .replace('api-1:3000 resolve', new URL(servers[0]).host)
      .replace('api-2:3000 resolve', new URL(servers[1]).host)
    expect(configuration).not.toMatch(/api-\d|resolve|8080|stdout/)
    return configuration
  }, skip)
}

/** A server that answers as the test says. */
async function startUpstream(answer: (request: IncomingMessage, response: ServerResponse) => void): Promise<string> {
  const server = createServer(answer).listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.close()
    server.closeAllConnections()
  })
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('The server has no port')
  return `http://127.0.0.1:${address.port}`
}

it('deploy/nginx.conf repeats a GET that a server broke off, and never a POST', async ({ skip }) => {
  const seen: string[] = []
  const upstream = () =>
    startUpstream((request, response) => {
      if (request.url === '/health/live') return void response.end()
      seen.push(`${request.method}`)
      // Each server breaks the first connection; only a second attempt gets an answer.
      if (request.method === 'GET' && seen.length === 2) response.end('second')
      else request.socket.destroy()
    })
  const url = await startDeployedNginx([await upstream(), await upstream()], skip)
  expect(await (await fetch(`${url}/jobs/1`)).text()).toBe('second')
  expect(seen.splice(0)).toEqual(['GET', 'GET'])
  expect((await postJob(url, ECHO)).status).toBe(502)
  expect(seen).toEqual(['POST'])
})

it('deploy/nginx.conf accepts the largest job that the server accepts', async ({ skip }) => {
  const { url } = await startServer()
  const nginx = await startDeployedNginx([url, url], skip)
  // JSON may write this character as twelve bytes.
  const text = '\\ud83d\\ude00'.repeat(100_000)
  const response = await fetch(`${nginx}/jobs`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', prefer: 'wait=60' },
    body: `{"prompt":"${text}","provider":"echo","model":"echo","options":{"system":"${text}"}}`,
  })
  expect(response.status).toBe(200)
  expect(await jobOf(response)).toMatchObject({ status: 'completed', result: '😀'.repeat(100_000) })
})

await withPostgres((newDatabase) => {
  describeWithRedisProcess('deploy/nginx.conf in front of a cluster', () => {
    it('streams token by token, and resumes on the other server when one is killed', async ({ skip }) => {
      const cluster = await Cluster.prepare(await newDatabase())
      const { apis } = await cluster.startFour()
      const url = await startDeployedNginx([apis[0].url, apis[1].url], skip)
      const { id } = await createJob(url, OPENAI)
      const exchange = await cluster.vendor.nextRequest()
      // Each server has one reader, because nginx chooses the server with fewer connections.
      const readers = [await StreamReader.open(url, id), await StreamReader.open(url, id)]
      for (const token of ['Once', ' upon']) {
        exchange.sendToken(token)
        for (const reader of readers) expect(await reader.nextToken()).toBe(token)
      }
      await apis[0].kill()
      const rests = readers.map((reader) => reader.rest())
      await expect(
        Promise.any(
          rests.map((rest) =>
            rest.then(
              () => Promise.reject(new Error('It went on')),
              () => 'broke',
            ),
          ),
        ),
      ).resolves.toBe('broke')
      // A reader whose stream broke reconnects through nginx, which sends it to the other server.
      const resumed = await StreamReader.open(url, id, { lastEventId: '9' })
      exchange.sendToken(' a time')
      expect(await resumed.nextToken()).toBe(' a time')
      // So many that nginx would send some of them to the killed server.
      for (let count = 0; count < 6; count++) expect((await postJob(url, ECHO)).status).toBe(202)
      exchange.finish()
      expect((await resumed.rest()).at(-1)).toMatchObject({ event: 'metrics', id: 'end' })
      const settled = await Promise.allSettled(rests)
      expect(settled.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected'])
      expect(await readStream(url, id)).toMatchObject({ text: 'Once upon a time', final: { event: 'metrics' } })
      expect(cluster.vendor.requests).toBe(1)
    })
  })
})
