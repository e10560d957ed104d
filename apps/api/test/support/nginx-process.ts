import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { onTestFinished, type TestContext, vi } from 'vitest'
import { freePort } from './free-port.ts'
import { temporaryFolder } from './temporary-folder.ts'

const NGINX = ['/usr/sbin/nginx', '/usr/bin/nginx', '/usr/local/sbin/nginx', '/opt/homebrew/bin/nginx']

/**
 * A real nginx, ended when the test ends. Where there is none the test is skipped; in CI that is a failure.
 * @param configure gives `nginx.conf`, for a folder that nginx may write to and an address to listen on
 * @returns its URL, when it answers
 */
export async function startNginx(
  configure: (folder: string, address: string) => string,
  skip: TestContext['skip'],
): Promise<string> {
  const program = NGINX.find((path) => existsSync(path))
  if (!program) {
    if (process.env['CI']) throw new Error('nginx is not installed')
    skip('nginx is not installed; install it (Debian: apt-get install nginx-light) to include this test')
  }
  const folder = await temporaryFolder()
  await mkdir(join(folder, 'logs'))
  const address = `127.0.0.1:${await freePort()}`
  await writeFile(join(folder, 'nginx.conf'), configure(folder, address))
  // Started by root it would become somebody else, who may not write to the folder.
  const user = process.getuid?.() === 0 ? 'user root;' : ''
  const args = ['-p', folder, '-c', 'nginx.conf', '-g', `daemon off; ${user}`]
  const child = spawn(program ?? '', args, { stdio: 'inherit' })
  onTestFinished(async () => {
    child.kill('SIGTERM')
    if (child.exitCode === null) await once(child, 'exit')
  })
  const url = `http://${address}`
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
