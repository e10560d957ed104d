import { readFile } from 'node:fs/promises'
import { z } from 'zod'

/** The fields of a `.cpuprofile` that are read. */
const Profile = z.object({
  nodes: z.array(
    z.object({
      id: z.int(),
      callFrame: z.object({ functionName: z.string(), url: z.string(), lineNumber: z.int() }),
      children: z.array(z.int()).optional(),
    }),
  ),
  samples: z.array(z.int()),
  timeDeltas: z.array(z.number()),
})
type ProfileNode = z.infer<typeof Profile>['nodes'][number]

/** Time of a function, summed up while samples are read. */
interface Entry {
  readonly what: string
  readonly where: string
  us: number
}

/** A function, and the time in which it was at the top of the stack. */
export interface SelfTime {
  readonly what: string
  readonly where: string
  readonly ms: number
  /** Share of the time in which the thread was not idle. */
  readonly percent: number
}

/** The functions with the largest self time, summed over all their callers. */
export async function selfTimes(path: string, count: number): Promise<SelfTime[]> {
  const { nodes, samples, timeDeltas } = Profile.parse(JSON.parse(await readFile(path, 'utf8')))
  const byName = new Map<string, Entry>()
  const entryOf = entriesOf(nodes, byName)
  for (const [index, id] of samples.entries()) {
    const entry = entryOf.get(id)
    if (entry) entry.us += timeDeltas[index] ?? 0
  }
  const total = [...byName.values()].reduce((sum, { us }) => sum + us, 0)
  return [...byName.values()]
    .toSorted((a, b) => b.us - a.us)
    .slice(0, count)
    .map(({ what, where, us }) => ({ what, where, ms: us / 1000, percent: (us / total) * 100 }))
}

/** The entry of each node. Idle time and the profiler have no entry. */
function entriesOf(nodes: readonly ProfileNode[], byName: Map<string, Entry>): Map<number, Entry> {
  const parents = new Map(nodes.flatMap((node) => (node.children ?? []).map((child) => [child, node] as const)))
  const result = new Map<number, Entry>()
  for (const node of nodes) {
    const { functionName, url } = node.callFrame
    if (functionName === '(idle)' || url === 'node:inspector') continue
    const [what, where] = describe(node, parents)
    const key = `${what}\n${where}`
    const entry = byName.get(key) ?? { what, where, us: 0 }
    byName.set(key, entry)
    result.set(node.id, entry)
  }
  return result
}

/** Native functions have no file, so their caller identifies them. */
function describe(node: ProfileNode, parents: ReadonlyMap<number, ProfileNode>): [string, string] {
  const { functionName, url, lineNumber } = node.callFrame
  if (url !== '') return [functionName || `(anonymous, line ${lineNumber + 1})`, moduleOf(url)]
  if (functionName.startsWith('(')) return [functionName, '']
  const caller = parents.get(node.id)?.callFrame
  const name = functionName || '(native)'
  return caller?.url ? [`${name} ← ${caller.functionName}`, moduleOf(caller.url)] : [name, '']
}

/** `node:internal/streams/readable`, a package and its file, or a path in this repository. */
function moduleOf(url: string): string {
  const inPackage = url.split('/node_modules/').at(-1)
  if (inPackage !== undefined && inPackage !== url) return inPackage.replace(/\?.*$/, '')
  return /(?:apps|packages|bench)\/.*$/.exec(url)?.[0].replace(/\?.*$/, '') ?? url
}
