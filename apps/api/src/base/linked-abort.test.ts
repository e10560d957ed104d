import { getEventListeners } from 'node:events'
import { describe, expect, it } from 'vitest'
import { LinkedAbort } from './linked-abort.ts'

describe('LinkedAbort', () => {
  it('aborts with the reason of the other signal, which may be aborted already', () => {
    const source = new AbortController()
    const before = new LinkedAbort(source.signal)
    source.abort('enough')
    expect(before.signal.reason).toBe('enough')
    expect(new LinkedAbort(source.signal).signal.reason).toBe('enough')
  })

  it('aborts alone, and keeps its first reason', () => {
    const source = new AbortController()
    const linked = new LinkedAbort(source.signal)
    linked.abort('silence')
    expect(source.signal.aborted).toBe(false)
    source.abort('enough')
    expect(linked.signal.reason).toBe('silence')
  })

  it('leaves nothing at the other signal when it is unlinked', () => {
    const source = new AbortController()
    const linked = new LinkedAbort(source.signal)
    linked.unlink()
    expect(getEventListeners(source.signal, 'abort')).toEqual([])
    source.abort('enough')
    expect(linked.signal.aborted).toBe(false)
  })
})
