import type { Benchmark, RunOptions, Verdict } from '../benchmark.ts'
import { loadRelay, type RelayLoad } from '../load/relay-load.ts'
import { programCpuUs } from '../probe/program-cpu.ts'
import { type ChildServer, startLoad, startProxyFloor, startVendor } from '../processes/child-servers.ts'
import type { ServerVersion } from '../processes/server-version.ts'
import { availableSetups, DATABASES, type Setup, startSetup } from '../processes/setups.ts'
import type { TaskProcess } from '../processes/task-process.ts'
import { median, withSpread } from '../report/statistics.ts'
import { type Contestant, checkedOf, type Measured, measureInTurns, ratiosOf } from './cpu-rounds.ts'

/** Jobs that are all beginning and end. */
export const ONE_TOKEN = { clients: 20, jobsPerClient: 64, arrivalMs: 0, tokens: 1, pauseMs: 0 }
const WARM_UP_ROUNDS = 4
const LIMIT = 1.6

/** How a client asks for a job: with one request as at the pipe, or with two. */
const FORMS = ['post', 'server'] as const
type Form = (typeof FORMS)[number]

const NAMES: Readonly<Record<Form, string>> = {
  post: 'POST /jobs that streams',
  server: 'POST /jobs and its stream',
}

/** The vendor, the clients and the floor, which all setups have in common. */
interface Surroundings {
  readonly vendor: ChildServer
  readonly load: TaskProcess
  readonly proxy: ChildServer
}

/** A form of asking on one store. */
interface Asked {
  readonly name: string
  readonly measured: Measured
  readonly floor: Measured
  /** CPU time of the databases in each round, in microseconds a job. */
  readonly databasesUs: readonly number[]
}

/** The cost of a job that does not depend on its tokens. */
export const oneToken: Benchmark = {
  name: 'one-token',
  title: '20 clients, each 64 jobs of one token in a row, in each store; against such requests through the pipe',
  run: async (options) => {
    await using stack = new AsyncDisposableStack()
    const vendor = stack.use(await startVendor())
    const surroundings = { vendor, load: stack.use(startLoad()), proxy: stack.use(await startProxyFloor(vendor.url)) }
    const { setups, missing } = await availableSetups(stack)
    const all: Asked[] = []
    for (const setup of setups.filter(({ workers }) => workers === undefined)) {
      for (const version of options.versions) all.push(...(await measureSetup(setup, version, surroundings, options)))
    }
    const costs = ({ rounds }: Measured) =>
      withSpread(
        rounds.map(({ processUs }) => processUs),
        0,
      )
    return {
      head: ['jobs are in', 'CPU µs/job: floor', 'server', '× floor', 'and databases µs/job', 'writes/job', 'wall ms'],
      rows: [
        ...all.map(({ name, measured, floor, databasesUs }) => [
          name,
          costs(floor),
          costs(measured),
          withSpread(ratiosOf(measured, floor), 2),
          median(databasesUs).toFixed(0),
          median(measured.rounds.map(({ writes }) => writes)).toFixed(1),
          median(measured.rounds.map(({ wallMs }) => wallMs)).toFixed(0),
        ]),
        ...missing.map((sentence) => [`not measured: ${sentence}`]),
      ],
      verdicts: all.map(
        ({ name, measured, floor }): Verdict => ({
          what: `CPU a job, ${name}`,
          measured: median(ratiosOf(measured, floor)),
          ...(!name.startsWith('other') && { limit: LIMIT }),
          unit: '× floor',
        }),
      ),
      checked: [...all.flatMap(({ measured }) => checkedOf(measured)), ...all.flatMap(({ floor }) => checkedOf(floor))],
      figures: all,
    }
  },
}

async function measureSetup(
  setup: Setup,
  version: ServerVersion,
  { vendor, load, proxy }: Surroundings,
  { isQuick, rounds = isQuick ? 1 : 9 }: RunOptions,
): Promise<Asked[]> {
  const shape = isQuick ? { ...ONE_TOKEN, clients: 5, jobsPerClient: 4 } : ONE_TOKEN
  const jobs = shape.clients * shape.jobsPerClient
  await using running = await startSetup(setup, version, vendor.url)
  const databasesUs: Record<Form, number[]> = { post: [], server: [] }
  const run = (url: string, target: RelayLoad['target']) => load.run(loadRelay, { ...shape, url, target })
  const floor: Contestant = { name: 'floor', processes: [proxy.process], load: () => run(proxy.url, 'proxy') }
  const asked = FORMS.map(
    (form): Contestant => ({
      name: form,
      processes: running.processes,
      load: async () => {
        const before = programCpuUs(DATABASES)
        const outcome = await run(running.url, form)
        databasesUs[form].push((programCpuUs(DATABASES) - before) / jobs)
        return outcome
      },
    }),
  )
  const warmUpRounds = isQuick ? 1 : WARM_UP_ROUNDS
  const [ofFloor, ...ofServer] = await measureInTurns([floor, ...asked], { warmUpRounds, rounds, tokens: jobs })
  const prefix = version.name === 'server' ? '' : 'other: '
  return FORMS.flatMap((form, index) => {
    const measured = ofServer[index]
    if (!ofFloor || !measured) return []
    const name = `${prefix}${setup.name}, ${NAMES[form]}`
    return [{ name, measured, floor: ofFloor, databasesUs: databasesUs[form].slice(-rounds) }]
  })
}
