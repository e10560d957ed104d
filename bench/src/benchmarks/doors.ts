import type { Benchmark, Report, RunOptions, Verdict } from '../benchmark.ts'
import type { FormName } from '../load/answer-forms.ts'
import { loadFirstTokens } from '../load/first-token-load.ts'
import { loadRelay, type RelayLoad } from '../load/relay-load.ts'
import type { Checked } from '../load/wrong-texts.ts'
import { type ApiServer, startApiServer } from '../processes/api-server.ts'
import { startLoad, startProxyFloor, startVendor } from '../processes/child-servers.ts'
import type { TaskProcess } from '../processes/task-process.ts'
import { median, quantile, withSpread } from '../report/statistics.ts'
import { type Contestant, checkedOf, type Measured, measureInTurns, measureRound, ratiosOf } from './cpu-rounds.ts'
import { profiled } from './profiled.ts'
import { RELAY, WARM_UP_ROUNDS } from './relay.ts'

/** What clients ask of a server, `post` first: it is the native stream that the doors are compared with. */
const FORMS = ['post', 'server', 'chat', 'responses', 'messages'] as const satisfies readonly FormName[]
type Form = (typeof FORMS)[number]

const NAMES: Readonly<Record<Form, string>> = {
  post: 'native: POST /jobs that streams',
  server: 'native: POST /jobs and its stream',
  chat: 'POST /v1/chat/completions',
  responses: 'POST /v1/responses',
  messages: 'POST /v1/messages',
}

/** CPU a token, times the native stream. */
const CPU_LIMITS: Readonly<Partial<Record<Form, number>>> = { chat: 1.25, responses: 1.25 }
const DOORS: ReadonlySet<Form> = new Set<Form>(['chat', 'responses', 'messages'])
/** How much later than natively the first token may come. */
const FIRST_TOKEN_LIMIT_MS = 3

/** The processes of one run. */
interface Surroundings {
  readonly vendorUrl: string
  readonly load: TaskProcess
  /** Each form has a server of its own, so that its CPU time and its compiled code are those of this form. */
  readonly servers: readonly { readonly form: Form; readonly server: ApiServer }[]
}

/** What a stream in the form of a foreign API costs, against our own one. */
export const doors: Benchmark = {
  name: 'doors',
  title:
    'the load of relay at each door, one streaming POST each, against a POST /jobs that streams; then first tokens',
  run: async (options) => {
    await using stack = new AsyncDisposableStack()
    const vendor = stack.use(await startVendor())
    const load = stack.use(startLoad())
    const proxy = stack.use(await startProxyFloor(vendor.url))
    const [version] = options.versions
    if (!version) throw new Error('There is no server to measure')
    const servers = await Promise.all(
      FORMS.map(async (form) => ({
        form,
        server: stack.use(await startApiServer({ version, vendorUrl: vendor.url })),
      })),
    )
    const surroundings = { vendorUrl: vendor.url, load, servers }
    const cpu = await measureCpu(surroundings, { process: proxy.process, url: proxy.url }, options)
    const first = await measureFirstTokens(surroundings, options)
    return {
      head: [
        '',
        'CPU µs/token, process',
        '× floor',
        '× native',
        'writes/token',
        'first token: median ms',
        'p90',
        'more than native, median',
      ],
      rows: cpu.rows.map((row, index) => [...row, ...(first.rows[index] ?? [])]),
      verdicts: [...cpu.verdicts, ...first.verdicts],
      checked: [...cpu.checked, ...first.checked],
      isProfiled: true,
      profiledParts: [...FORMS],
      figures: { cpu: cpu.measured, firstTokens: first.timesMs },
    }
  },
}

type Outcome = Pick<Report, 'rows' | 'verdicts'> & { readonly checked: readonly Checked[] }

async function measureCpu(
  { load, servers }: Surroundings,
  proxy: { readonly process: TaskProcess; readonly url: string },
  options: RunOptions,
): Promise<Outcome & { measured: readonly Measured[] }> {
  const { clients, tokens, ...pace } = options.isQuick ? { ...RELAY, clients: 5, tokens: 16 } : RELAY
  const shape: Omit<RelayLoad, 'url' | 'target'> = { clients, tokens, ...pace, isUnique: true }
  const contestant = (name: string, process: TaskProcess, url: string, target: FormName): Contestant => ({
    name,
    processes: [process],
    load: () => load.run(loadRelay, { ...shape, url, target }),
  })
  const ofServers = servers.map(({ form, server }) => contestant(NAMES[form], server.process, server.url, form))
  const total = clients * shape.jobsPerClient * tokens
  const measured = await measureInTurns([contestant('floor', proxy.process, proxy.url, 'proxy'), ...ofServers], {
    warmUpRounds: options.isQuick ? 1 : WARM_UP_ROUNDS,
    rounds: options.rounds ?? (options.isQuick ? 1 : 9),
    tokens: total,
  })
  for (const [index, { form, server }] of servers.entries()) {
    const asked = ofServers[index]
    if (asked) await profiled(server, options, () => measureRound(asked, total), form)
  }
  const [floor, native] = measured
  if (!floor || !native) throw new Error('A floor and a native stream are needed for ratios')
  const ofForms = FORMS.map((form, index) => ({ form, of: measured[index + 1] ?? native }))
  const verdicts = ofForms
    .filter(({ form }) => DOORS.has(form))
    .map(({ form, of }) =>
      verdictOf(`CPU a token, ${NAMES[form]}`, median(ratiosOf(of, native)), '× native', CPU_LIMITS[form]),
    )
  return {
    rows: measured.map((one) => cpuRow(one, floor, native)),
    verdicts,
    checked: measured.flatMap(checkedOf),
    measured,
  }
}

function cpuRow(one: Measured, floor: Measured, native: Measured): string[] {
  return [
    one.name,
    withSpread(one.rounds.map(({ processUs }) => processUs)),
    one === floor ? '1.00' : withSpread(ratiosOf(one, floor), 2),
    one === native ? '1.00' : withSpread(ratiosOf(one, native), 2),
    withSpread(
      one.rounds.map(({ writes }) => writes),
      2,
    ),
  ]
}

async function measureFirstTokens(
  { vendorUrl, load, servers }: Surroundings,
  { isQuick }: RunOptions,
): Promise<Outcome & { timesMs: readonly (readonly number[])[] }> {
  const askedOf = [
    { url: vendorUrl, target: 'proxy' as const },
    ...servers.map(({ form, server }) => ({ url: server.url, target: form })),
  ]
  const warmUp = await load.run(loadFirstTokens, { askedOf, rounds: isQuick ? 5 : 100 })
  const { timesMs, checked } = await load.run(loadFirstTokens, { askedOf, rounds: isQuick ? 10 : 300 })
  const nativeMs = timesMs[1] ?? []
  const moreOf = (times: readonly number[]) => median(times.map((ms, round) => ms - (nativeMs[round] ?? Number.NaN)))
  const verdicts = FORMS.flatMap((form, index) => {
    const what = `first token, more than native, median, ${NAMES[form]}`
    return DOORS.has(form) ? [verdictOf(what, moreOf(timesMs[index + 1] ?? []), 'ms', FIRST_TOKEN_LIMIT_MS)] : []
  })
  const rows = timesMs.map((times, index) => [
    quantile(times, 0.5).toFixed(2),
    quantile(times, 0.9).toFixed(2),
    index > 1 ? moreOf(times).toFixed(2) : '',
  ])
  return { rows, verdicts, checked: [warmUp.checked, checked], timesMs }
}

function verdictOf(what: string, measured: number, unit: string, limit: number | undefined): Verdict {
  return { what, measured, unit, ...(limit !== undefined && { limit }) }
}
