import { expect, it } from 'vitest'
import { createJob, readStream, StreamReader } from '../support/job-client.ts'
import { startNginx } from '../support/nginx-process.ts'
import { OPENAI, startVendorServer } from '../support/vendor-server.ts'

/** nginx with its default settings in front of the server. */
const plainProxy = (upstream: string) => (folder: string, address: string) =>
  `pid ${folder}/nginx.pid; error_log ${folder}/error.log; events {}
  http { access_log off; client_body_temp_path ${folder}/body; proxy_temp_path ${folder}/proxy;
    fastcgi_temp_path ${folder}/fastcgi; uwsgi_temp_path ${folder}/uwsgi; scgi_temp_path ${folder}/scgi;
    server { listen ${address}; location / { proxy_pass ${upstream}; } } }`

it('streams token by token and resumes through nginx with default settings', async ({ skip }) => {
  const { vendor, url } = await startVendorServer()
  const nginx = await startNginx(plainProxy(url), skip)
  const { id } = await createJob(nginx, OPENAI)
  const exchange = await vendor.nextRequest()
  const reader = await StreamReader.open(nginx, id)
  // Each token arrives before the next one is sent, so nginx does not buffer.
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
