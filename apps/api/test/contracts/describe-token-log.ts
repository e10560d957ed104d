import type { AnyStreamEvent, FinalEvent } from '@promptlab/contract'
import { describe, expect, it } from 'vitest'
import type { TokenLog, TokenReader } from '../../src/jobs/ports/token-log.ts'
import { TEXT_VIEW } from '../../src/jobs/views/text-view.ts'
import { append } from '../support/append-token.ts'
import { AwaitedReader } from '../support/awaited-reader.ts'

/** For readers whose `read` the test calls without waiting. */
export const NO_CALLBACKS = { onReady: () => {}, onIdle: () => {} }

export function attach(log: TokenLog, jobId: string, after: number): AwaitedReader<AnyStreamEvent, TokenReader> {
  return new AwaitedReader<AnyStreamEvent, TokenReader>(
    (onReady) => log.attach(jobId, TEXT_VIEW, after, { onReady, onIdle: () => {} }),
    (reader) => reader.hasEnded,
  )
}

export const FINAL: FinalEvent = {
  event: 'metrics',
  id: 'end',
  data: { durationMs: 3, tokenCount: 1, ttftMs: 1, queuedMs: 0, attempts: 1 },
}

/** The id and the text of each token. */
export const tokensOf = (batch: readonly AnyStreamEvent[] | undefined) =>
  batch?.map(({ id, data }) => [id, 'token' in data ? data.token : undefined])

export const textOf = (batch: readonly AnyStreamEvent[]) =>
  batch.map(({ data }) => ('token' in data ? data.token : '')).join('')

/**
 * The tests that every token log must pass.
 * @param open makes an empty log and stops it at the end of the test
 */
export function describeTokenLog(name: string, open: () => Promise<TokenLog>): void {
  describe(`${name} as a token log`, () => {
    it('numbers tokens by the length of the text, in UTF-16 code units', async () => {
      const log = await open()
      const reader = attach(log, 'job', 0)
      for (const token of ['Hé', ' 🙂', '\ud83d', '\r\n"']) append(log, 'job', token)
      await log.close('job', 1)
      expect(tokensOf(await reader.rest())).toEqual([
        [2, 'Hé'],
        [5, ' 🙂'],
        [6, '\ud83d'],
        [9, '\r\n"'],
      ])
    })

    it('wakes a waiting reader for each token', async () => {
      const log = await open()
      const reader = attach(log, 'job', 0)
      for (const [id, token] of [[3, 'one'] as const, [6, 'two'] as const]) {
        const next = reader.next()
        append(log, 'job', token)
        expect(tokensOf(await next)).toEqual([[id, token]])
      }
    })

    it.each([
      [0, ['one', 'two', 'three']],
      [1, ['ne', 'two', 'three']],
      [3, ['two', 'three']],
      [5, ['o', 'three']],
      [10, ['e']],
    ])('gives a reader that attaches behind %i code units exactly the rest', async (after, expected) => {
      const log = await open()
      for (const token of ['one', 'two', 'three']) append(log, 'job', token)
      await log.close('job', 1)
      const rest = await attach(log, 'job', after).rest()
      expect(tokensOf(rest)?.map(([, token]) => token)).toEqual(expected)
      expect(rest.at(-1)?.id).toBe(11)
    })

    it('gives a reader with a cursor beyond the text nothing until the text has grown past it', async () => {
      const log = await open()
      append(log, 'job', 'one')
      const reader = attach(log, 'job', 5)
      const next = reader.next()
      append(log, 'job', 'x')
      append(log, 'job', 'yz!')
      expect(tokensOf(await next)).toEqual([[7, 'z!']])
    })

    it('gives each of many readers the whole text, whenever they attach', async () => {
      const log = await open()
      const texts: Promise<string>[] = []
      for (const token of ['Once', ' upon', ' a', ' time']) {
        for (let count = 0; count < 10; count++) texts.push(attach(log, 'job', 0).rest().then(textOf))
        append(log, 'job', token)
      }
      await log.close('job', 1)
      expect(new Set(await Promise.all(texts))).toEqual(new Set(['Once upon a time']))
    })

    it('ends a reader after it has read everything, and keeps it ended', async () => {
      const log = await open()
      const reader = attach(log, 'job', 0)
      append(log, 'job', 'last')
      await log.close('job', 1)
      await log.close('job', 1)
      expect(tokensOf(await reader.next())).toEqual([[4, 'last']])
      expect(await reader.next()).toBeUndefined()
      expect(await reader.next()).toBeUndefined()
    })

    it('gives its readers the final event when they have the whole text', async () => {
      const log = await open()
      const reader = attach(log, 'job', 0)
      append(log, 'job', 'Once')
      expect(reader.source.final).toBeUndefined()
      await log.close('job', 1, FINAL)
      expect(textOf(await reader.rest())).toBe('Once')
      expect(reader.source.final).toEqual(FINAL)
    })

    it('ends the log of a job without text', async () => {
      const log = await open()
      const reader = attach(log, 'job', 0)
      await log.close('job', 1)
      expect(await reader.next()).toBeUndefined()
    })

    it('keeps the texts of jobs apart', async () => {
      const log = await open()
      const readers = ['1', '2', '3'].map((id) => attach(log, id, 0).rest())
      for (const token of ['a', 'b']) for (const id of ['1', '2', '3']) append(log, id, token + id)
      for (const id of ['1', '2', '3']) await log.close(id, 1)
      expect((await Promise.all(readers)).map(textOf)).toEqual(['a1b1', 'a2b2', 'a3b3'])
    })

    it('adds text that comes again only once, and none behind a gap', async () => {
      const log = await open()
      const reader = attach(log, 'job', 0)
      log.append('job', 'Once', 0, 0, 1)
      log.append('job', 'Once upon', 0, 0, 1)
      expect(tokensOf(await reader.next())).toContainEqual([4, 'Once'])
      log.append('job', ' time', 11, 0, 1)
      await log.close('job', 1)
      expect(textOf(await attach(log, 'job', 0).rest())).toBe('Once upon')
    })

    it('cuts the text back to the place of a later run, which goes on from there', async () => {
      const log = await open()
      const reader = attach(log, 'job', 0)
      for (const token of ['Once', ' upon', ' a']) append(log, 'job', token)
      expect(tokensOf(await reader.next())?.at(-1)).toEqual([11, ' a'])
      log.takeOver('job', { length: 6, textLength: 6 }, 2)
      log.append('job', 'pon', 6, 0, 2)
      log.append('job', ' a time', 9, 0, 2)
      await log.close('job', 2)
      expect(tokensOf(await reader.rest())).toEqual([[16, ' time']])
      expect(textOf(await attach(log, 'job', 0).rest())).toBe('Once upon a time')
    })

    it('takes a stored answer once more from a later run, and tells readers nothing twice', async () => {
      const log = await open()
      const reader = attach(log, 'job', 0)
      for (const token of ['Once', ' upon', ' a']) append(log, 'job', token)
      expect(tokensOf(await reader.next())?.at(-1)).toEqual([11, ' a'])
      log.takeOver('job', { length: 0, textLength: 0 }, 2)
      log.append('job', 'Once', 0, 0, 2)
      log.append('job', ' upon', 4, 0, 2)
      log.append('job', ' a time', 9, 0, 2)
      await log.close('job', 2)
      expect(tokensOf(await reader.rest())).toEqual([[16, ' time']])
      expect(textOf(await attach(log, 'job', 0).rest())).toBe('Once upon a time')
      expect(textOf(await attach(log, 'job', 6).rest())).toBe('pon a time')
    })

    it('has a stored answer that only a later run told it', async () => {
      const log = await open()
      log.takeOver('job', { length: 0, textLength: 0 }, 2)
      log.append('job', 'Once', 0, 0, 2)
      const early = attach(log, 'job', 2)
      log.append('job', ' upon', 4, 0, 2)
      await log.close('job', 2)
      expect(textOf(await early.rest())).toBe('ce upon')
      expect(textOf(await attach(log, 'job', 0).rest())).toBe('Once upon')
    })

    it('refuses the tokens and the end of an earlier run', async () => {
      const log = await open()
      append(log, 'job', 'Once')
      const reader = attach(log, 'job', 0)
      await reader.next()
      log.takeOver('job', { length: 4, textLength: 4 }, 2)
      log.append('job', ' by a zombie', 4, 0, 1)
      await log.close('job', 1, FINAL)
      log.append('job', ' upon', 4, 0, 2)
      expect(tokensOf(await reader.next())).toEqual([[9, ' upon']])
      await log.close('job', 2)
      expect(await reader.next()).toBeUndefined()
      expect(reader.source.final).toBeUndefined()
    })

    it('leaves a reader alone that is detached', async () => {
      const log = await open()
      let wakes = 0
      const reader = log.attach('job', TEXT_VIEW, 0, { onReady: () => wakes++, onIdle: () => wakes++ })
      const other = attach(log, 'job', 0)
      reader.detach()
      reader.detach()
      append(log, 'job', 'text')
      await other.next()
      expect(wakes).toBe(0)
    })
  })
}
