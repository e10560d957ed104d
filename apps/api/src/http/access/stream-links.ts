import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import { z } from 'zod'
import type { Clock } from '../../base/clock.ts'

interface StreamLinksOptions {
  /** Undefined when each process makes its own secret at its start. Its links end with the process. */
  readonly secret: string | undefined
  readonly lifeMs: number
  readonly clock: Pick<Clock, 'now'>
}

const StreamLinkQuery = z.object({
  expires: z.string().regex(/^\d{1,12}$/),
  signature: z.string().regex(/^[\w-]{43}$/),
})

/**
 * Signs links with which the stream of one job can be read without a key, for a limited time. An EventSource of a browser
 * cannot send headers, and a key in a URL would end up in histories and logs.
 */
export class StreamLinks {
  readonly #secret: string | Buffer
  readonly #lifeMs: number
  readonly #clock: Pick<Clock, 'now'>

  constructor({ secret, lifeMs, clock }: StreamLinksOptions) {
    this.#secret = secret ?? randomBytes(32)
    this.#lifeMs = lifeMs
    this.#clock = clock
  }

  /** The query of a link that is valid from now on. */
  sign(jobId: string): string {
    const expires = Math.ceil((this.#clock.now() + this.#lifeMs) / 1000).toString()
    return `expires=${expires}&signature=${this.#signature(jobId, expires).toString('base64url')}`
  }

  /** @param query the query of a request, not checked yet */
  isValid(jobId: string, query: unknown): boolean {
    const link = StreamLinkQuery.safeParse(query)
    if (!link.success || Number(link.data.expires) * 1000 <= this.#clock.now()) return false
    const given = Buffer.from(link.data.signature, 'base64url')
    return given.length === 32 && timingSafeEqual(given, this.#signature(jobId, link.data.expires))
  }

  #signature(jobId: string, expires: string): Buffer {
    // The expiry has only digits, so two different pairs never make the same text.
    return createHmac('sha256', this.#secret).update(`${expires} ${jobId}`).digest()
  }
}
