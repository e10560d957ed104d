import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { promisify } from 'node:util'

const SOURCE_MAPS = '--enable-source-maps'
const THIS_CHECKOUT = fileURLToPath(new URL('../../..', import.meta.url))

/** A server that is measured: a checkout, and how its server is started. */
export interface ServerVersion {
  /** `server`: this checkout. `other`: the one of `--checkout`. */
  readonly name: 'server' | 'other'
  /** The folder of the checkout. */
  readonly checkout: string
  /** `bundle`: what `pnpm build` makes. `source`: the checkout has no build, and `tsx` runs its sources. */
  readonly form: 'bundle' | 'source'
  /** What Node.js is started with, in front of the script. */
  readonly nodeArguments: readonly string[]
  readonly script: URL
}

/** Builds this checkout, and the other one if there is one. @throws Error a build failed, or the folder has no server */
export async function prepareVersions(otherCheckout?: string): Promise<ServerVersion[]> {
  const server = await prepareVersion('server', THIS_CHECKOUT)
  return otherCheckout === undefined ? [server] : [server, await prepareVersion('other', resolve(otherCheckout))]
}

/** Builds the playground of a checkout unless it is built, as `pnpm start` does. */
export async function buildPlayground(checkout: string): Promise<void> {
  await promisify(execFile)(process.execPath, [join(checkout, 'apps/web/build.ts'), '--if-missing'])
}

async function prepareVersion(name: ServerVersion['name'], checkout: string): Promise<ServerVersion> {
  const build = join(checkout, 'apps/api/build.ts')
  if (!existsSync(build)) {
    const script = join(checkout, 'apps/api/src/main.ts')
    if (!existsSync(script)) throw new Error(`${checkout} has no apps/api/src/main.ts: name the root of a checkout`)
    const nodeArguments = ['--import', import.meta.resolve('tsx')]
    return { name, checkout, form: 'source', nodeArguments, script: pathToFileURL(script) }
  }
  await promisify(execFile)(process.execPath, [build])
  // Earlier versions were started with this option.
  const hasMapsByOption = (await readFile(join(checkout, 'deploy/Dockerfile'), 'utf8')).includes(SOURCE_MAPS)
  return {
    name,
    checkout,
    form: 'bundle',
    nodeArguments: hasMapsByOption ? [SOURCE_MAPS] : [],
    script: pathToFileURL(join(checkout, 'apps/api/dist/main.js')),
  }
}
