import { performance } from 'node:perf_hooks'
import { setImmediate } from 'node:timers/promises'

/** Sends items `pauseMs` apart. Late items are sent at once, so that the mean rate holds. Resolves after the last. */
export async function pace<Item>(items: readonly Item[], pauseMs: number, send: (item: Item) => void): Promise<void> {
  if (pauseMs > 0) return paced(items, pauseMs, send)
  for (const item of items) {
    send(item)
    // This item leaves in a write of its own, and other streams have their turn.
    await setImmediate()
  }
}

function paced<Item>(items: readonly Item[], pauseMs: number, send: (item: Item) => void): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  const startedAt = performance.now()
  let sent = 0
  const sendDue = () => {
    const due = Math.min(items.length, Math.floor((performance.now() - startedAt) / pauseMs) + 1)
    for (const item of items.slice(sent, due)) send(item)
    sent = due
    if (sent < items.length) return
    clearInterval(timer)
    resolve()
  }
  const timer = setInterval(sendDue, pauseMs)
  sendDue()
  return promise
}
