import type { Fallback, FinalJob, JobMetrics, PendingJob, ProviderErrorCode, RunningJob } from '@promptlab/contract'
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import { answererOf } from '../jobs/answerer.ts'
import type { DoorName } from '../jobs/door.ts'
import type { BudgetRefusal, DeliveryOutcome, JobObserver } from '../jobs/ports/job-observer.ts'

interface MetricsSources {
  /** Whether a provider names the model. Callers choose other names, if the operator allows it. */
  isListed(provider: string, model: string): boolean
  /** The next numbers are read at each scrape. */
  openStreams(): number
  /** If it rejects, `/metrics` leaves the number out. */
  waitingJobs(): Promise<number>
  /** A promise that rejects leaves the number out. */
  jobsWaitingForVendors(): Promise<number>
  /** A promise that rejects leaves the number out. */
  workers(): Promise<number>
}

interface Answered {
  readonly method: string
  /** The pattern of the route, such as `/jobs/:id`. Not the path: callers choose that, so it would have too many values. */
  readonly route: string | undefined
  readonly status: number
  readonly durationMs: number
}

const ANSWER_SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300]
const WRITE_SECONDS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5]
const WAIT_SECONDS = [0.001, 0.005, 0.025, 0.1, 0.5, 1, 5, 15, 60, 300, 1800]
const FIRST_TOKEN_SECONDS = [0.05, 0.1, 0.25, 0.5, 0.75, 1, 1.5, 2, 3, 5, 10, 30, 60]
const TOKEN_SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 1, 5]
const RUN_SECONDS = [0.1, 0.5, 1, 2, 5, 10, 20, 40, 60, 120, 300, 600]

const METHODS = new Set(['GET', 'HEAD', 'POST', 'DELETE', 'OPTIONS'])

/**
 * The metrics of a process, by the conventions of Prometheus: base units, and labels with few values that no caller chooses.
 * Tokens are counted when their run ends: a counter and a histogram entry for each token would take 1.6 µs
 * (docs/decisions/2026-11-25-metrics.md).
 */
export class Metrics implements JobObserver {
  readonly #registry = new Registry()
  readonly #isListed: MetricsSources['isListed']
  readonly #answers = this.#histogram(
    'http_request_duration_seconds',
    'Time from a request to the end of its response; a stream lasts as long as it is read',
    ANSWER_SECONDS,
    ['method', 'route', 'status'],
  )
  readonly #created = this.#counter('jobs_created_total', 'Jobs that requests to this process created, by API', [
    'door',
  ])
  readonly #joined = this.#counter(
    'requests_joined_total',
    'Repeats of requests that joined the job which was there, instead of creating one, by API',
    ['door'],
  )
  readonly #budgetRefusals = this.#counter(
    'budget_refusals_total',
    'Requests that got no job because of a limit of its cost, and why',
    ['reason'],
  )
  readonly #budgetStops = this.#counter('budget_stops_total', 'Jobs that failed because they cost what they may cost', [
    'provider',
    'model',
  ])
  readonly #jobs = this.#counter('jobs_ended_total', 'Runs of jobs that ended in this process', [
    'provider',
    'model',
    'status',
  ])
  readonly #runs = this.#histogram('job_run_seconds', 'Time from the start of a run to its end', RUN_SECONDS, [
    'provider',
    'model',
  ])
  readonly #waits = this.#histogram(
    'job_queue_wait_seconds',
    'Time from the creation of a job to the start of its run',
    WAIT_SECONDS,
    ['provider'],
  )
  readonly #running = this.#gauge('jobs_running', 'Jobs that are running in this process', ['provider'])
  readonly #tokens = this.#counter('tokens_total', 'Tokens that were streamed, counted when their run ends', [
    'provider',
    'model',
  ])
  readonly #firstTokens = this.#histogram(
    'job_time_to_first_token_seconds',
    'Time from the start of a run to its first token',
    FIRST_TOKEN_SECONDS,
    ['provider', 'model'],
  )
  readonly #gaps = this.#histogram(
    'job_time_between_tokens_seconds',
    'Mean time between the tokens of a run',
    TOKEN_SECONDS,
    ['provider', 'model'],
  )
  readonly #costs = this.#counter(
    'cost_usd_total',
    'US dollars that ended runs cost, as far as it is known, and how it is known',
    ['provider', 'model', 'priced'],
  )
  readonly #unpriced = this.#counter('jobs_unpriced_total', 'Ended runs whose cost is unknown', ['provider', 'model'])
  readonly #failures = this.#counter('provider_errors_total', 'Calls that failed, including calls that were repeated', [
    'provider',
    'code',
  ])
  readonly #putBack = this.#counter(
    'jobs_put_back_total',
    'Runs of jobs that went back in line because the vendor took no calls, and why',
    ['provider', 'reason'],
  )
  readonly #news = this.#counter(
    'webhook_attempts_total',
    'Attempts to tell receivers of the ends of jobs, by what became of them',
    ['outcome'],
  )
  readonly #writes = this.#histogram(
    'storage_write_seconds',
    'Time that a change of the job store takes until it is on disk',
    WRITE_SECONDS,
    ['operation'],
  )

  constructor({ isListed, openStreams, waitingJobs, jobsWaitingForVendors, workers }: MetricsSources) {
    this.#isListed = isListed

    collectDefaultMetrics({ register: this.#registry })
    this.#gauge('streams_open', 'Streams that are being written by this process', [], (gauge) =>
      gauge.set(openStreams()),
    )
    this.#askedGauge('jobs_waiting', 'Jobs that wait for their turn, in all processes together', waitingJobs)
    this.#askedGauge(
      'jobs_waiting_for_vendors',
      'Jobs that wait because their vendors told them to, in all processes together',
      jobsWaitingForVendors,
    )
    this.#askedGauge('workers', 'Processes that run jobs; with 0, jobs wait', workers)
  }

  get contentType(): string {
    return this.#registry.contentType
  }

  /** All metrics in the text format of Prometheus. */
  text(): Promise<string> {
    return this.#registry.metrics()
  }

  answered({ method, route = 'unknown', status, durationMs }: Answered): void {
    const labels = { method: METHODS.has(method) ? method : 'other', route, status: String(status) }
    this.#answers.observe(labels, durationMs / 1000)
  }

  stored(operation: string, durationMs: number): void {
    this.#writes.observe({ operation }, durationMs / 1000)
  }

  jobCreated(door: DoorName | undefined, isNew: boolean): void {
    const counter = isNew ? this.#created : this.#joined
    counter.inc({ door: door ?? 'native' })
  }

  budgetRefused(reason: BudgetRefusal): void {
    this.#budgetRefusals.inc({ reason })
  }

  runStarted({ provider, metrics }: RunningJob): void {
    this.#running.inc({ provider })
    this.#waits.observe({ provider }, metrics.queuedMs / 1000)
  }

  runEnded(job: FinalJob): void {
    const { status, metrics } = job
    const { tokenCount, ttftMs, durationMs } = metrics
    const labels = this.#labelsOf(answererOf(job))
    const { provider, model } = labels
    // The slot belongs to the job's own provider.
    this.#running.dec({ provider: job.provider })
    this.#countCost(metrics, labels)
    this.#jobs.inc({ provider, model, status })
    if (job.status === 'failed' && job.error.code === 'budget-exceeded') this.#budgetStops.inc({ provider, model })
    this.#runs.observe({ provider, model }, durationMs / 1000)
    this.#tokens.inc({ provider, model }, tokenCount)
    if (ttftMs === null) return
    this.#firstTokens.observe({ provider, model }, ttftMs / 1000)
    if (tokenCount > 1)
      this.#gaps.observe({ provider, model }, Math.max(0, durationMs - ttftMs) / (tokenCount - 1) / 1000)
  }

  #labelsOf({ provider, model }: Fallback) {
    return { provider, model: this.#isListed(provider, model) ? model : 'other' }
  }

  /** The calls of a job with fallbacks may be of several providers. */
  #countCost({ cost, calls = [], answeredBy }: JobMetrics, labels: { provider: string; model: string }): void {
    if (cost && cost.usd === undefined) this.#unpriced.inc(labels)
    const called = answeredBy
      ? calls.map((call) => ({ cost: call.cost, labels: this.#labelsOf(call) }))
      : [{ cost, labels }]
    for (const { cost: { usd, priced } = {}, labels } of called)
      if (usd !== undefined && priced) this.#costs.inc({ ...labels, priced }, usd)
  }

  runPutBack({ provider, waitingFor }: PendingJob): void {
    this.#running.dec({ provider })
    this.#putBack.inc({ provider, reason: waitingFor?.reason ?? 'other' })
  }

  providerFailed(provider: string, code: ProviderErrorCode): void {
    this.#failures.inc({ provider, code })
  }

  newsSent(outcome: DeliveryOutcome): void {
    this.#news.inc({ outcome })
  }

  #counter<Label extends string>(name: string, help: string, labelNames: Label[]): Counter<Label> {
    return new Counter({ name: `promptlab_${name}`, help, labelNames, registers: [this.#registry] })
  }

  #gauge<Label extends string>(
    name: string,
    help: string,
    labelNames: Label[],
    collect?: (gauge: Gauge<Label>) => void | Promise<void>,
  ): Gauge<Label> {
    return new Gauge({
      name: `promptlab_${name}`,
      help,
      labelNames,
      registers: [this.#registry],
      ...(collect && {
        collect() {
          return collect(this)
        },
      }),
    })
  }

  /** A level that another process knows. While that one cannot be asked, the level is left out. */
  #askedGauge(name: string, help: string, ask: () => Promise<number>): void {
    this.#gauge(name, help, [], async (gauge) => {
      try {
        gauge.set(await ask())
      } catch {
        gauge.remove()
      }
    })
  }

  #histogram<Label extends string>(
    name: string,
    help: string,
    buckets: number[],
    labelNames: Label[],
  ): Histogram<Label> {
    return new Histogram({ name: `promptlab_${name}`, help, buckets, labelNames, registers: [this.#registry] })
  }
}
