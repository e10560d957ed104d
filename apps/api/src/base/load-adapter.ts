import { versions } from 'node:process'
import { UnusableDriverError } from './unusable-driver-error.ts'

/** The oldest Node.js on which the drivers run, as major and minor. SQLite's would end an older process by a crash. */
const OLDEST_NODE = [22, 15] as const

/**
 * Loads an adapter whose driver is an optional dependency of the package `@promptlab/server`.
 * @param user what needs the driver, such as `SQLite`
 * @throws UnusableDriverError the driver is not installed, or this Node.js is too old for it
 */
export async function loadAdapter<Adapter>(
  user: string,
  load: () => Promise<Adapter>,
  nodeVersion = versions.node,
): Promise<Adapter> {
  if (isOlder(nodeVersion)) {
    const needed = OLDEST_NODE.join('.')
    throw new UnusableDriverError(`${user} needs Node.js ≥ ${needed}, and this is ${nodeVersion}. Update Node.js.`)
  }
  try {
    return await load()
  } catch (error) {
    const name = missingPackage(error)
    if (name === undefined) throw error
    throw new UnusableDriverError(
      `${user} needs the package ${name}, which is not installed here. Install the server again, ` +
        'and without --omit=optional.',
      error,
    )
  }
}

function isOlder(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  return major < OLDEST_NODE[0] || (major === OLDEST_NODE[0] && minor < OLDEST_NODE[1])
}

function missingPackage(error: unknown): string | undefined {
  if (!(error instanceof Error && 'code' in error && error.code === 'ERR_MODULE_NOT_FOUND')) return undefined
  return /^Cannot find package '([^']+)'/.exec(error.message)?.[1]
}
