import { readFile, writeFile } from 'node:fs/promises'
import { z } from 'zod'

const SERVER = new URL('../../../apps/api/package.json', import.meta.url)
const FILE = new URL('../../release-figures.json', import.meta.url)

/** The figures of the last release, and where they were measured. The file is in the repository. */
const ReleaseFigures = z.object({
  version: z.string(),
  /** The machine, the commit, and the load before the runs. */
  measuredOn: z.string(),
  date: z.string(),
  runs: z.int(),
  /** By name. Each with the median, the lowest and the highest of the runs. */
  figures: z.record(z.string(), z.object({ unit: z.string(), median: z.number(), low: z.number(), high: z.number() })),
})
export type ReleaseFigures = z.infer<typeof ReleaseFigures>

/** @throws Error there are none, or the file is not in this form */
export async function readReleaseFigures(): Promise<ReleaseFigures> {
  const text = await readFile(FILE, 'utf8').catch((cause: unknown) => {
    throw new Error('There are no figures of a release. Run `pnpm bench --release` first.', { cause })
  })
  return ReleaseFigures.parse(JSON.parse(text))
}

/** The version of the server, which is that of the release that the figures are measured for. */
export async function releaseVersion(): Promise<string> {
  return z.object({ version: z.string() }).parse(JSON.parse(await readFile(SERVER, 'utf8'))).version
}

export async function writeReleaseFigures(figures: ReleaseFigures): Promise<void> {
  await writeFile(FILE, `${JSON.stringify(figures, null, 2)}\n`)
}
