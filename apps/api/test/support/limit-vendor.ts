import type { LoopbackVendor } from '@promptlab/providers/testing/vendors'

interface VendorLimit {
  readonly perSecond: number
  /** The wait that refusals tell, in seconds. Undefined: they tell none. */
  readonly retryAfterSeconds?: number | undefined
}

/** What a vendor with a limit was asked. */
export interface LimitedCalls {
  readonly taken: number
  readonly refused: number
}

/** Lets a vendor take so many calls a second, and as many at once if it was idle. It refuses the others with a 429. */
export function limitVendor(vendor: LoopbackVendor, { perSecond, retryAfterSeconds }: VendorLimit): LimitedCalls {
  const calls = { taken: 0, refused: 0 }
  let tokens = perSecond
  let at = performance.now()
  vendor.respondWith((exchange) => {
    const now = performance.now()
    tokens = Math.min(perSecond, tokens + ((now - at) * perSecond) / 1_000)
    at = now
    if (tokens < 1) {
      calls.refused++
      exchange.fail(429, retryAfterSeconds === undefined ? {} : { retryAfterSeconds })
      return
    }
    tokens--
    calls.taken++
    exchange.sendToken('Hi')
    exchange.finish()
  })
  return calls
}
