import { fileURLToPath } from 'node:url'
import { CuttableProxy, Random, startServer } from '@promptlab/api/testing'
import { expect, it } from 'vitest'
import { openPage } from './chromium.ts'
import { runProgram } from './run-program.ts'

const EXAMPLES = new URL('../../examples/', import.meta.url)
const PROMPT = Array.from({ length: 60 }, (_, place) => `wörd${place}🙂`).join(' ')

const example = (name: string) => fileURLToPath(new URL(name, EXAMPLES))

/** A server, and a way to it that breaks each connection after 1,200 to 3,000 bytes. */
async function startCutServer(): Promise<string> {
  const { url } = await startServer({ env: { ECHO_DELAY_MS: '2' } })
  const proxy = await CuttableProxy.start(url)
  const random = new Random(1)
  proxy.limit(() => 1_200 + random.below(1_800))
  return proxy.url
}

it('the page with EventSource shows the answer and the end', async ({ skip }) => {
  const { url } = await startServer({ env: { CORS_ORIGINS: '*' } })
  const page = await openPage(skip)
  await page.goto(`${new URL('event-source.html', EXAMPLES)}?api=${encodeURIComponent(url)}`)
  await page.getByLabel('Prompt').fill(PROMPT)
  await page.getByRole('button', { name: 'Run' }).click()
  await page.getByText('60 tokens').waitFor()
  expect(await page.locator('#answer').textContent()).toBe(PROMPT)
})

it('the Node.js script streams the whole text over connections that break', async () => {
  const args = ['--conditions=@promptlab/source', example('stream.ts'), PROMPT]
  expect(await runProgram('node', args, { PROMPTLAB_URL: await startCutServer() })).toBe(PROMPT)
})

it('the Python script streams the whole text over connections that break', async () => {
  const env = { PROMPTLAB_URL: await startCutServer(), PYTHONIOENCODING: 'utf-8' }
  expect((await runProgram('python3', [example('stream.py'), PROMPT], env)).trimEnd()).toBe(PROMPT)
})

it('the CI job prints the answer that it waited for, and fails when there is none', async () => {
  const { url } = await startServer({ env: { ECHO_DELAY_MS: '2' } })
  expect(await runProgram('sh', [example('ci-job.sh'), PROMPT], { PROMPTLAB_URL: url })).toBe(`${PROMPT}\n`)
  await expect(runProgram('sh', [example('ci-job.sh'), ' '], { PROMPTLAB_URL: url })).rejects.toThrow()
})
