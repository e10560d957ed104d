import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'

/**
 * Whether something that was built is missing, or older than one of its sources.
 * @param built the file that a build writes last
 * @param sources files, and folders with all that is in them
 */
export async function isStale(built: string, sources: readonly string[]): Promise<boolean> {
  const output = await stat(built).catch(() => undefined)
  if (!output) return true
  const files = await Promise.all(sources.map((source) => filesIn(source)))
  const changes = await Promise.all(files.flat().map(async (file) => (await stat(file)).mtimeMs))
  return Math.max(...changes) > output.mtimeMs
}

/** The paths of all files in a folder, at any depth. The path itself if it is a file. */
export async function filesIn(path: string): Promise<string[]> {
  if (!(await stat(path)).isDirectory()) return [path]
  const entries = await readdir(path, { recursive: true, withFileTypes: true })
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
}
