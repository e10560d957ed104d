import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'

/** A Redis that stores nothing on disk. Disposing it ends it. */
export interface RedisServer extends AsyncDisposable {
  readonly url: string
}

/** @returns undefined if there is no `redis-server` here */
export async function startRedis(): Promise<RedisServer | undefined> {
  const port = await freePort()
  const args = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no', '--dir', tmpdir()]
  const child = spawn('redis-server', args, { stdio: ['ignore', 'pipe', 'ignore'] })
  const closed = once(child, 'close')
  // Emitted instead of `close` if the program is missing.
  const missing = once(child, 'error').then(() => 'missing' as const)
  let output = ''
  const ready = new Promise<'ready'>((resolve) => {
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      output += text
      if (output.includes('Ready to accept connections')) resolve('ready')
    })
  })
  const outcome = await Promise.race([ready, missing, closed.then(() => 'closed' as const)])
  if (outcome === 'missing') return undefined
  if (outcome === 'closed') throw new Error(`redis-server ended too early:\n${output}`)
  return {
    url: `redis://127.0.0.1:${port}`,
    [Symbol.asyncDispose]: async () => {
      child.kill('SIGKILL')
      await closed
    },
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  if (address === null || typeof address === 'string') throw new Error('The server has no port')
  return address.port
}
