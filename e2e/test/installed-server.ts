import { execFile } from 'node:child_process'
import { realpath } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const BUILD = fileURLToPath(new URL('../../apps/api/package/build.ts', import.meta.url))

/** Without them npm may reach the registry only after minutes of attempts, or not at all. */
const NETWORK_VARIABLES = ['HTTP_PROXY', 'HTTPS_PROXY', 'NO_PROXY', 'NODE_EXTRA_CA_CERTS']

/** How long npm may take, in milliseconds. */
const INSTALL_MS = 120_000

/** The environment of a user who has Node.js and npm, and nothing of this repository. */
export const USER = Object.fromEntries(
  ['HOME', 'PATH', ...NETWORK_VARIABLES].flatMap((name) => {
    const value = process.env[name]
    return value === undefined ? [] : [[name, name === 'PATH' ? `${dirname(process.execPath)}:${value}` : value]]
  }),
)

/** A package that npm installed. */
export interface InstalledServer {
  /** The packed package. */
  readonly file: string
  /** The command `promptlab`. */
  readonly bin: string
}

/**
 * Packs `@promptlab/server` and installs it with npm, as a user does.
 * @param folder an empty folder
 * @param packages what else is installed beside it
 * @returns undefined if npm cannot reach its registry. In CI that is an error.
 */
export async function installServer(
  folder: string,
  packages: readonly string[] = [],
): Promise<InstalledServer | undefined> {
  const run = promisify(execFile)
  const { stdout } = await run(process.execPath, [BUILD, folder], { env: USER })
  const file = /^\S+\.tgz/.exec(stdout)?.[0]
  if (file === undefined) throw new Error(`Nothing was packed: ${stdout}`)
  const options = ['--prefer-offline', '--no-audit', '--no-fund', '--no-save', '--loglevel=error']
  try {
    await run('npm', ['install', ...options, file, ...packages], { cwd: folder, env: USER, timeout: INSTALL_MS })
    return { file, bin: await realpath(join(folder, 'node_modules/.bin/promptlab')) }
  } catch (error) {
    const isOffline = /\b(?:ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ENETUNREACH|ETIMEDOUT)\b/.test(String(error))
    if (isOffline && !process.env['CI']) return undefined
    throw error
  }
}
