import { once } from 'node:events'
import { createServer } from 'node:http'
import { expect, it, onTestFinished } from 'vitest'
import { openPage } from './chromium.ts'
import { startPlayground } from './playground.ts'

const never = new Promise<void>(() => {})
const JOB = JSON.stringify({ prompt: 'Go', provider: 'scripted', model: 'script-1' })

/** A web site that a person on this machine visits; the browser believes that its name points here. */
async function startSite(): Promise<string> {
  const server = createServer((_, response) => response.setHeader('content-type', 'text/html').end('<h1>evil</h1>'))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  const address = server.address()
  if (typeof address !== 'object' || !address) throw new Error('No address')
  return `http://evil.example:${address.port}`
}

it('a page whose name was pointed at this machine can neither read nor create jobs', async ({ skip }) => {
  const page = await openPage(skip)
  const url = new URL(await startPlayground({ steps: ['Once', never] }))
  const answer = await page.goto(`http://evil.example:${url.port}/jobs`)
  expect(answer?.status()).toBe(421)
  const statuses = await page.evaluate(async (body) => {
    const headers = { 'content-type': 'application/json' }
    const created = await fetch('/jobs', { method: 'POST', headers, body })
    return [(await fetch('/jobs')).status, created.status]
  }, JOB)
  expect(statuses).toEqual([421, 421])
})

it('a page of another site cannot cancel a job', async ({ skip }) => {
  const page = await openPage(skip)
  const url = await startPlayground({ steps: ['Once', never] })
  const created = await fetch(`${url}/jobs`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JOB,
  })
  const job = `${url}/jobs/${/"id":"([^"]+)"/.exec(await created.text())?.[1]}`
  await page.goto(await startSite())
  // A request that browsers send without asking first. The page just cannot read the answer.
  await page.evaluate(
    (cancel) =>
      fetch(cancel, { method: 'POST', mode: 'no-cors' }).then(
        () => {},
        () => {},
      ),
    `${job}/cancel`,
  )
  const refused =
    /promptlab_http_request_duration_seconds_count\{method="POST",route="\/jobs\/:id\/cancel",status="403"\} 1/
  expect(await (await fetch(`${url}/metrics`)).text()).toMatch(refused)
  expect(await (await fetch(job)).json()).toMatchObject({ status: 'running' })
})
