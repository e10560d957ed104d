import { fileURLToPath } from 'node:url'
import { CuttableProxy, Random, startServer } from '@promptlab/api/testing'
import { expect, it } from 'vitest'
import { needPrograms } from './need-programs.ts'
import { runProgram } from './run-program.ts'

const EXAMPLES = new URL('../../examples/', import.meta.url)
const PROMPT = Array.from({ length: 60 }, (_, index) => `wörd${index}🙂`).join(' ')

const example = (name: string) => fileURLToPath(new URL(name, EXAMPLES))

/** A server behind a proxy that breaks each connection after 1,200 to 3,000 bytes. Returns the address of the proxy. */
async function startCutServer(): Promise<string> {
  const { url } = await startServer({ env: { ECHO_DELAY_MS: '2' } })
  const proxy = await CuttableProxy.start(url)
  const random = new Random(1)
  proxy.limit(() => 1_200 + random.below(1_800))
  return proxy.url
}

it('stream.ts > streams the whole text over connections that break', async () => {
  const args = ['--conditions=@promptlab/source', example('stream.ts'), PROMPT]
  expect(await runProgram('node', args, { PROMPTLAB_URL: await startCutServer() })).toBe(PROMPT)
})

it('stream.py > streams the whole text over connections that break', async ({ skip }) => {
  needPrograms(skip, 'python3')
  const env = { PROMPTLAB_URL: await startCutServer(), PYTHONIOENCODING: 'utf-8' }
  expect((await runProgram('python3', [example('stream.py'), PROMPT], env)).trimEnd()).toBe(PROMPT)
})

it('ci-job.sh > waits for the answer and prints it, and fails when the request is refused', async ({ skip }) => {
  needPrograms(skip, 'curl', 'jq')
  const { url } = await startServer({ env: { ECHO_DELAY_MS: '2' } })
  expect(await runProgram('sh', [example('ci-job.sh'), PROMPT], { PROMPTLAB_URL: url })).toBe(`${PROMPT}\n`)
  await expect(runProgram('sh', [example('ci-job.sh'), ' '], { PROMPTLAB_URL: url })).rejects.toThrow()
})

it('replay > runs the tests of a team without a vendor', async () => {
  const output = await runProgram('node', ['--test', '--test-reporter=tap', example('replay/answers.test.ts')])
  expect(output).toMatch(/^# pass 5$/m)
})
