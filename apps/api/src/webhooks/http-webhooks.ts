import { retryAfterMs } from '@promptlab/providers'
import type { Clock } from '../base/clock.ts'
import { VERSION } from '../base/version.ts'
import {
  type AttemptOutcome,
  LONGEST_ATTEMPT_MS,
  type Receiver,
  type SentNews,
  type Webhooks,
} from '../jobs/ports/webhooks.ts'
import { type LookUp, lookUpAsSystem, lookUpInDns } from './look-up.ts'
import { post } from './post.ts'
import { hostOf, ReceiverHosts } from './receiver-hosts.ts'
import { signatureOf } from './signature.ts'

export interface HttpWebhooksOptions {
  /** The keys by which news is signed: one, or several while they change. */
  readonly keys: readonly Uint8Array[]
  /** The receiver of the operator, who gets the news of all jobs. It may be anywhere. */
  readonly serverUrl?: string | undefined
  /** The hosts to which news of callers may be sent, see `ReceiverHosts`. */
  readonly hosts: readonly string[]
  readonly clock: Pick<Clock, 'now'>
  /** How the hosts of callers are looked up that the list does not name. Default: in the DNS. */
  readonly lookUp?: LookUp
  /** The most time that an attempt may take, in milliseconds. Default: `LONGEST_ATTEMPT_MS`. */
  readonly limitMs?: number
}

/** Sends the news of jobs by signed POSTs, as Standard Webhooks says. */
export class HttpWebhooks implements Webhooks {
  readonly #options: HttpWebhooksOptions
  readonly #hosts: ReceiverHosts
  readonly #serverUrl: URL | undefined

  constructor(options: HttpWebhooksOptions) {
    this.#options = options
    this.#hosts = new ReceiverHosts(options.hosts)
    this.#serverUrl = options.serverUrl === undefined ? undefined : new URL(options.serverUrl)
  }

  get hasServerReceiver(): boolean {
    return this.#serverUrl !== undefined
  }

  refusalOf(url: string): string | undefined {
    return this.#hosts.refusalOf(url)
  }

  hostOf(receiver: Receiver): string | undefined {
    const url = this.#urlOf(receiver)
    return url && hostOf(url)
  }

  async send(receiver: Receiver, news: SentNews, signal: AbortSignal): Promise<AttemptOutcome> {
    const url = this.#urlOf(receiver)
    // The settings of the server may have changed since the job was made.
    if (!url || (receiver.to === 'job' && this.refusalOf(receiver.url) !== undefined)) {
      return { error: 'host-not-allowed' }
    }
    const limit = AbortSignal.timeout(this.#options.limitMs ?? LONGEST_ATTEMPT_MS)
    try {
      return await this.#post(url, receiver, news, AbortSignal.any([signal, limit]))
    } catch {
      signal.throwIfAborted()
      return { error: limit.aborted ? 'timeout' : 'unreachable' }
    }
  }

  async #post(url: URL, { to }: Receiver, { id, body }: SentNews, signal: AbortSignal): Promise<AttemptOutcome> {
    const { keys, clock } = this.#options
    const host = hostOf(url)
    const isTrusted = to === 'server' || this.#hosts.names(host)
    const lookUp = isTrusted ? lookUpAsSystem : (this.#options.lookUp ?? lookUpInDns)
    const found = await unlessAborted(lookUp(host, signal), signal)
    // What was looked up is what the connection goes to: a name may lead elsewhere a moment later.
    const addresses = to === 'server' ? found : found.filter(({ address }) => this.#hosts.hasAddress(address))
    if (addresses.length === 0) return { error: 'address-not-allowed' }
    const now = clock.now()
    const timestamp = Math.floor(now / 1000)
    const headers = {
      'content-type': 'application/json',
      'content-length': String(Buffer.byteLength(body)),
      'user-agent': `PromptLab/${VERSION}`,
      'webhook-id': id,
      'webhook-timestamp': String(timestamp),
      'webhook-signature': signatureOf({ id, timestamp, body }, keys),
    }
    const answer = await post(url, { addresses, headers, body, signal })
    return { status: answer.status, retryAfterMs: retryAfterMs(answer.headers, now) }
  }

  #urlOf(receiver: Receiver): URL | undefined {
    return receiver.to === 'server' ? this.#serverUrl : (URL.parse(receiver.url) ?? undefined)
  }
}

/** @throws the reason of the signal, if it is aborted first. The work goes on, and nobody waits for it */
async function unlessAborted<Result>(work: Promise<Result>, signal: AbortSignal): Promise<Result> {
  signal.throwIfAborted()
  const aborted = Promise.withResolvers<never>()
  const abort = () => aborted.reject(signal.reason)
  signal.addEventListener('abort', abort, { once: true })
  try {
    return await Promise.race([work, aborted.promise])
  } finally {
    signal.removeEventListener('abort', abort)
  }
}
