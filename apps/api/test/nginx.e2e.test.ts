import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { expect, it, onTestFinished, type TestContext, vi } from 'vitest'
import { createJob, readStream, StreamReader } from './job-client.ts'
import { temporaryFolder } from './temporary-folder.ts'
import { OPENAI, startVendorServer } from './vendor-server.ts'

const NGINX = ['/usr/sbin/nginx', '/usr/bin/nginx', '/usr/local/sbin/nginx', '/opt/homebrew/bin/nginx']

/** A real nginx with its default settings in front of the server. */
async function startNginx(upstream: string, skip: TestContext['skip']): Promise<string> {
  const program = NGINX.find((path) => existsSync(path))
  if (!program) {
    if (process.env['CI']) throw new Error('nginx is not installed')
    skip('nginx is not installed; install it (Debian: apt-get install nginx-light) to include this test')
  }
  const folder = await temporaryFolder()
  await mkdir(join(folder, 'logs'))
  const port = await freePort()
  await writeFile(
    join(folder, 'nginx.conf'),
    `pid ${folder}/nginx.pid; error_log ${folder}/error.log; events {}
    http { access_log off; client_body_temp_path ${folder}/body; proxy_temp_path ${folder}/proxy;
      fastcgi_temp_path ${folder}/fastcgi; uwsgi_temp_path ${folder}/uwsgi; scgi_temp_path ${folder}/scgi;
      server { listen 127.0.0.1:${port}; location / { proxy_pass ${upstream}; } } }`,
  )
  const child = spawn(program ?? '', ['-p', folder, '-c', 'nginx.conf', '-g', 'daemon off;'], { stdio: 'inherit' })
  onTestFinished(async () => {
    child.kill('SIGTERM')
    if (child.exitCode === null) await once(child, 'exit')
  })
  const url = `http://127.0.0.1:${port}`
  await vi.waitUntil(
    () =>
      fetch(`${url}/health/live`).then(
        ({ ok }) => ok,
        () => false,
      ),
    10_000,
  )
  return url
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  if (address === null || typeof address === 'string') throw new Error('There is no free port')
  return address.port
}

it('streams through nginx token by token, and resumes there', async ({ skip }) => {
  const { vendor, url } = await startVendorServer()
  const nginx = await startNginx(url, skip)
  const { id } = await createJob(nginx, OPENAI)
  const exchange = await vendor.nextRequest()
  const reader = await StreamReader.open(nginx, id)
  // Each token comes before the next is sent: nothing on the way collects them.
  for (const token of ['Once', ' upon', ' a', ' time']) {
    exchange.sendToken(token)
    expect(await reader.nextToken()).toBe(token)
  }
  const resumed = await StreamReader.open(nginx, id, { lastEventId: '11' })
  expect(await resumed.nextToken()).toBe(' time')
  exchange.finish()
  expect((await reader.rest()).at(-1)).toMatchObject({ event: 'metrics', id: 'end' })
  expect((await readStream(nginx, id)).text).toBe('Once upon a time')
  expect(reader.response.headers.get('content-encoding')).toBeNull()
})
