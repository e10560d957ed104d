import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { cp, mkdir, readFile, symlink, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { temporaryFolder } from '@promptlab/api/testing'
import { onTestFinished, type TestContext } from 'vitest'

const run = promisify(execFile)
const ROOT = fileURLToPath(new URL('../..', import.meta.url))
/** Also Next.js shows no figures of its users. */
const ENV = { ...process.env, NEXT_TELEMETRY_DISABLED: '1', NODE_ENV: undefined }

/** The packed file of the client. It is made of a copy, because packing builds, and other tests read what is built. */
async function packClient(): Promise<string> {
  const root = await temporaryFolder()
  const client = join(root, 'packages/client')
  const made = new Set(['dist', 'node_modules'])
  await mkdir(join(root, 'packages'))
  await cp(join(ROOT, 'tsconfig.base.json'), join(root, 'tsconfig.base.json'))
  await cp(join(ROOT, 'packages/client'), client, { recursive: true, filter: (path) => !made.has(basename(path)) })
  await symlink(join(ROOT, 'packages/client/node_modules'), join(client, 'node_modules'))
  const { stdout } = await run('npm', ['pack', '--json', '--pack-destination', root], { cwd: client, env: ENV })
  const filename = /"filename": "([^"]+)"/.exec(stdout)?.[1] ?? ''
  return join(root, filename)
}

/** Words of package managers that mean: the registry could not be reached. */
const NO_NETWORK = /ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ETIMEDOUT|ENETUNREACH|META_FETCH_FAIL|NO_OFFLINE/

/**
 * Copies an example into an empty folder, installs its packages there with the packed client, and builds it. Skips the test on a
 * machine without network that has not installed these packages before; in CI the test fails then.
 * @returns the folder
 */
export async function freshApp(skip: TestContext['skip'], example: string): Promise<string> {
  const [tarball, folder] = await Promise.all([packClient(), temporaryFolder()])
  const made = new Set(['node_modules', '.next', 'dist'])
  await cp(join(ROOT, 'examples', example), folder, { recursive: true, filter: (path) => !made.has(basename(path)) })
  const manifest = join(folder, 'package.json')
  const text = await readFile(manifest, 'utf8')
  await writeFile(manifest, text.replace(/("@promptlab\/client": ")[^"]+/, `$1file:${tarball}`))
  await npx(folder, 'pnpm@12', 'install', '--prefer-offline', '--ignore-workspace').catch((error: Error) => {
    if (process.env['CI'] || !NO_NETWORK.test(Object.values(error).join('\n'))) throw error
    skip('The packages of the examples cannot be installed without a network')
  })
  await run('npm', ['run', 'build'], { cwd: folder, env: ENV })
  return folder
}

async function npx(cwd: string, ...args: string[]): Promise<void> {
  await run('npx', ['--yes', ...args], { cwd, env: ENV })
}

/** Starts a server of an app. Returns its address, which it prints. It ends with the test. */
export async function startApp(folder: string, program: string, args: string[], env: Record<string, string> = {}) {
  const server = spawn(process.execPath, [join(folder, 'node_modules', program), ...args], {
    cwd: folder,
    env: { ...ENV, NO_COLOR: '1', ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const exited = once(server, 'exit')
  onTestFinished(async () => {
    server.kill()
    await exited
  })
  for await (const line of createInterface(server.stdout)) {
    const url = /http:\/\/127\.0\.0\.1:\d+/.exec(line)?.[0]
    if (url === undefined) continue
    // Nobody reads on, and a full pipe would stop the server.
    server.stdout.resume()
    return url
  }
  throw new Error(`${program} ended without an address`)
}
