import type { LoopbackVendor } from '@promptlab/providers/testing/vendors'
import type { LimitedCalls } from './limit-vendor.ts'

/**
 * Lets a vendor take so many requests in each window, and tell in its headers how many are left and when the window ends. A
 * window begins with its first request. The vendor refuses the others with a 429.
 */
export function tellLimits(
  vendor: LoopbackVendor,
  { requests, windowMs }: { readonly requests: number; readonly windowMs: number },
): LimitedCalls {
  const calls = { taken: 0, refused: 0 }
  let left = 0
  let endsAt = 0
  vendor.respondWith((exchange) => {
    const now = performance.now()
    if (now >= endsAt) {
      left = requests
      endsAt = now + windowMs
    }
    if (left === 0) {
      calls.refused++
      exchange.fail(429)
      return
    }
    left--
    calls.taken++
    exchange.start(undefined, limitHeaders(left, Math.ceil(endsAt - now)))
    exchange.sendToken('Hi')
    exchange.finish()
  })
  return calls
}

/** The headers by which OpenAI tells its limits, without how many requests there are at most. */
export function limitHeaders(remaining: number, resetMs: number): Record<string, string> {
  return {
    'x-ratelimit-remaining-requests': String(remaining),
    'x-ratelimit-reset-requests': `${resetMs}ms`,
  }
}
