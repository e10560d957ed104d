import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { temporaryFolder } from './temporary-folder.ts'

/** A file of a setting, such as PRICES_FILE. */
export async function jsonFile(name: string, content: object): Promise<string> {
  const path = join(await temporaryFolder(), name)
  await writeFile(path, JSON.stringify(content))
  return path
}
