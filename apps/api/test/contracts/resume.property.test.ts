import type { AnyStreamEvent } from '@promptlab/contract'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { TokenReader } from '../../src/jobs/ports/token-log.ts'
import { TEXT_VIEW } from '../../src/jobs/views/text-view.ts'
import { MemoryTokenLog } from '../../src/token-log/memory-token-log.ts'
import { append } from '../support/append-token.ts'
import { AwaitedReader } from '../support/awaited-reader.ts'
import { cases, timeoutOf } from '../support/rounds.ts'

describe('a text in any split into tokens', () => {
  it('is read exactly from any cursor, in any order of reads and tokens', {
    timeout: timeoutOf(30_000),
  }, async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.string({ unit: 'binary', minLength: 1, maxLength: 5 }), { maxLength: 20 }),
        fc.array(fc.record({ after: fc.nat({ max: 60 }), joins: fc.nat({ max: 20 }) }), { maxLength: 8 }),
        fc.scheduler(),
        async (tokens, readers, scheduler) => {
          const log = new MemoryTokenLog()
          const text = tokens.join('')
          const reads = readers.map(async ({ after, joins }) => {
            for (let step = 0; step < joins; step++) await scheduler.schedule(Promise.resolve())
            const reader = new AwaitedReader<AnyStreamEvent, TokenReader>(
              (onReady) => log.attach('job', TEXT_VIEW, after, { onReady, onIdle: () => {} }),
              ({ hasEnded }) => hasEnded,
            )
            let read = ''
            for (let batch = await reader.next(); batch; batch = await reader.next()) {
              read += batch.map(({ data }) => ('token' in data ? data.token : '')).join('')
              await scheduler.schedule(Promise.resolve())
            }
            expect(read).toBe(text.slice(after))
          })
          const writing = (async () => {
            // Without a reader, a job without tokens would have no log that can end.
            const keeper = log.attach('job', TEXT_VIEW, 0, { onReady: () => {}, onIdle: () => {} })
            for (const token of tokens) {
              await scheduler.schedule(Promise.resolve())
              append(log, 'job', token)
            }
            await log.close('job', 1)
            keeper.detach()
          })()
          await scheduler.waitFor(Promise.all([writing, ...reads]))
        },
      ),
      cases(300),
    )
  })
})
