import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, readFile, symlink, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { startServer, temporaryFolder } from '@promptlab/api/testing'
import { PromptLabClient } from '@promptlab/client'
import { expect, it, onTestFinished } from 'vitest'
import { needPrograms } from './need-programs.ts'
import { runProgram } from './run-program.ts'

const E2E = fileURLToPath(new URL('..', import.meta.url))
const PAGE = new URL('../../docs/webhooks.md', import.meta.url)
const WEBHOOK_SECRET = `whsec_${Buffer.alloc(32, 'page').toString('base64')}`
const ECHO = { prompt: 'Once upon a time', provider: 'echo', model: 'echo' }

async function snippet(language: string): Promise<string> {
  const [, code = expect.fail()] =
    new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\``, 'ms').exec(await readFile(PAGE, 'utf8')) ?? []
  return code
}

/** Runs a receiver on a free port. Its lines are what it prints. Killed when the test ends. */
async function startReceiver(
  file: string,
  args: readonly string[],
): Promise<{ url: string; line: () => Promise<string> }> {
  const env = { ...process.env, WEBHOOK_SECRET, PORT: '0' }
  const program: ChildProcess = spawn(file, args, { env, stdio: ['ignore', 'pipe', 'inherit'] })
  onTestFinished(() => void program.kill('SIGKILL'))
  if (!program.stdout) throw new Error('The program has no output')
  const lines = createInterface(program.stdout)
  const waiting: string[] = []
  lines.on('line', (line) => waiting.push(line))
  const line = async () => {
    while (waiting.length === 0) await once(lines, 'line')
    return waiting.shift() ?? ''
  }
  let ready = ''
  while (!/\d{4,5}\b/.test(ready)) ready += await line()
  return { url: `http://127.0.0.1:${/\b\d{4,5}\b/.exec(ready)?.[0]}/`, line }
}

/** A job is told, and what somebody else sends is refused. */
async function expectGood({ url, line }: Awaited<ReturnType<typeof startReceiver>>): Promise<void> {
  const headers = {
    'webhook-id': 'msg_1',
    'webhook-timestamp': String(Math.floor(Date.now() / 1000)),
    'webhook-signature': `v1,${Buffer.alloc(32).toString('base64')}`,
  }
  expect((await fetch(url, { method: 'POST', headers, body: '{}' })).status).toBe(400)
  const server = await startServer({ env: { WEBHOOK_SECRET, WEBHOOK_URL: url } })
  const client = new PromptLabClient({ baseUrl: server.url })
  const { id } = await client.create(ECHO)
  let told = await line()
  while (!told.startsWith('job.')) told = await line()
  expect(told).toBe(`job.completed ${id}`)
  let [delivery] = await client.deliveries(id)
  while (delivery?.status === 'waiting') [delivery] = await client.deliveries(id)
  expect(delivery).toMatchObject({ to: 'server', status: 'delivered', attempts: [{ status: 204 }] })
}

it('docs/webhooks.md > its TypeScript compiles, takes what is signed, and nothing else', async () => {
  const folder = await temporaryFolder()
  await mkdir(join(folder, 'node_modules'))
  const library = fileURLToPath(import.meta.resolve('standardwebhooks'))
  await symlink(dirname(dirname(library)), join(folder, 'node_modules/standardwebhooks'))
  await writeFile(join(folder, 'receiver.ts'), await snippet('ts'))
  await writeFile(join(folder, 'package.json'), '{ "type": "module" }')
  const types = { typeRoots: [join(E2E, '../node_modules/@types')] }
  const config = { extends: join(E2E, 'tsconfig.json'), compilerOptions: types, include: ['*.ts'] }
  await writeFile(join(folder, 'tsconfig.json'), JSON.stringify(config))
  await runProgram('tsc', ['--project', folder])
  await expectGood(await startReceiver(process.execPath, [join(folder, 'receiver.ts')]))
}, 60_000)

it('docs/webhooks.md > its Python takes what is signed, and nothing else', async ({ skip }) => {
  needPrograms(skip, 'python3')
  await expectGood(await startReceiver('python3', ['-c', await snippet('python')]))
})
