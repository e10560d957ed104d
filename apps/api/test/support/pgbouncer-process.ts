import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { chmod, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { onTestFinished, type TestContext } from 'vitest'
import { freePort } from './free-port.ts'
import { temporaryFolder } from './temporary-folder.ts'

const PGBOUNCER = [
  '/usr/sbin/pgbouncer',
  '/usr/bin/pgbouncer',
  '/usr/local/bin/pgbouncer',
  '/opt/homebrew/bin/pgbouncer',
]

/**
 * A real PgBouncer in front of a PostgreSQL, with its defaults, ended when the test ends. Where there is none the test is
 * skipped; in CI that is a failure.
 * @param url of the database
 * @returns the URL of the database behind the pooler
 */
export async function startPgbouncer(
  url: string,
  settings: Readonly<Record<string, string>>,
  skip: TestContext['skip'],
): Promise<string> {
  const program = PGBOUNCER.find((path) => existsSync(path))
  if (!program) {
    if (process.env['CI']) throw new Error('pgbouncer is not installed')
    skip('pgbouncer is not installed; install it (Debian: apt-get install pgbouncer) to include this test')
  }
  const folder = await temporaryFolder()
  const { hostname, port, username } = new URL(url)
  const listenPort = await freePort()
  const lines = {
    listen_addr: '127.0.0.1',
    listen_port: String(listenPort),
    unix_socket_dir: '',
    auth_type: 'any',
    ...settings,
  }
  const file = join(folder, 'pgbouncer.ini')
  await writeFile(
    file,
    `[databases]\n* = host=${hostname} port=${port || '5432'} user=${username || 'postgres'}\n[pgbouncer]\n${Object.entries(
      lines,
    )
      .map(([name, value]) => `${name} = ${value}\n`)
      .join('')}`,
  )
  // It refuses to run as root, and then reads the file as another user.
  const asUser = process.getuid?.() === 0 ? ['-u', 'nobody'] : []
  if (asUser.length > 0) await Promise.all([chmod(folder, 0o755), chmod(file, 0o644)])
  const child = spawn(program ?? '', [...asUser, file], { stdio: ['ignore', 'ignore', 'pipe'] })
  onTestFinished(async () => {
    child.kill('SIGKILL')
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
  })
  let output = ''
  await new Promise<void>((resolve, reject) => {
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      output += text
      if (output.includes('process up')) resolve()
    })
    child.once('exit', () => reject(new Error(`pgbouncer did not start:\n${output}`)))
  })
  const pooled = new URL(url)
  pooled.host = `127.0.0.1:${listenPort}`
  return pooled.href
}
