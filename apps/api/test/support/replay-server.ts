import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { temporaryFolder } from './temporary-folder.ts'
import { startServer, type TestServer } from './test-server.ts'
import { PATIENT } from './vendor-server.ts'

/** A server that plays these fixtures. */
export async function replayOf(fixtures: readonly object[], env: Record<string, string> = {}): Promise<TestServer> {
  const folder = await temporaryFolder()
  for (const [index, fixture] of fixtures.entries())
    await writeFile(join(folder, `${index}.json`), JSON.stringify(fixture))
  return await startServer({ env: { REPLAY_DIR: folder, REPLAY_SPEED: '0', ...env }, config: { run: PATIENT } })
}
