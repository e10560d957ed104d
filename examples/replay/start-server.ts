import { spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
const FIXTURES = fileURLToPath(new URL('fixtures', import.meta.url))

/** Starts a server that plays the fixtures of this folder in place of OpenAI, on a free port and with an empty job store. */
export async function startServer(): Promise<{ url: string; stop(): Promise<void> }> {
  const store = await mkdtemp(join(tmpdir(), 'replay-example-'))
  const server = spawn(process.execPath, ['--import', 'tsx', 'apps/api/src/main.ts'], {
    cwd: ROOT,
    env: {
      ...process.env,
      PORT: '0',
      DATABASE_URL: join(store, 'jobs.json'),
      REPLAY_DIR: FIXTURES,
      REPLAY_FOR: 'openai',
      REPLAY_SPEED: '0',
    },
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  const ended = new Promise<void>((resolve) => server.once('exit', () => resolve()))
  const stop = async () => {
    server.kill()
    await ended
    await rm(store, { recursive: true })
  }
  const lines: string[] = []
  for await (const line of createInterface(server.stderr)) {
    lines.push(line)
    const url = /listening on (http:\S+)/.exec(line)?.[1]
    if (url === undefined) continue
    server.stderr.resume()
    return { url, stop }
  }
  await stop()
  throw new Error(`The server did not start:\n${lines.join('\n')}`)
}
