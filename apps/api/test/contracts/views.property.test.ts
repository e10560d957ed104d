import type { AnyStreamEvent } from '@promptlab/contract'
import fc from 'fast-check'
import { expect, it, onTestFinished } from 'vitest'
import { NOTHING } from '../../src/jobs/answer/answer.ts'
import type { Piece } from '../../src/jobs/answer/piece.ts'
import { answerLength, append, grow, type StoredAnswer } from '../../src/jobs/answer/stored-answer.ts'
import { countEntries, decodeTape } from '../../src/jobs/answer/tape.ts'
import type { StoredFinalJob } from '../../src/jobs/job.ts'
import type { TokenLog, TokenReader } from '../../src/jobs/ports/token-log.ts'
import { type StoredEvents, StoredReplay, TimedReplay } from '../../src/jobs/read/stored-events.ts'
import { VIEWS } from '../../src/jobs/views/views.ts'
import { MemoryTokenLog } from '../../src/token-log/memory-token-log.ts'
import { RedisTokenLog } from '../../src/token-log/redis-token-log.ts'
import { AwaitedReader } from '../support/awaited-reader.ts'
import { answerOf, randomPieces } from '../support/random-answer.ts'
import { cases } from '../support/rounds.ts'
import { SILENT } from '../support/silent-logger.ts'
import { describeWithRedis, useRedis } from '../support/test-redis.ts'
import { describeView, type ReadView } from './describe-view.ts'

const METRICS = { durationMs: 1, tokenCount: 1, ttftMs: 1, queuedMs: 0, attempts: 1 }

function recordOf({ result, parts, tape }: StoredAnswer): StoredFinalJob {
  const time = '2026-01-02T03:04:05.678Z'
  const request = { id: 'job', prompt: 'Go', provider: 'echo', model: 'echo', createdAt: time, updatedAt: time }
  return {
    ...request,
    status: 'completed',
    metrics: METRICS,
    result,
    ...(parts && { parts: [...parts] }),
    ...(tape && { tape }),
  }
}

function fromRecord(answer: StoredAnswer): ReadView {
  return (view, after) => allOf(new StoredReplay(recordOf(answer), view, after))
}

function allOf(replay: StoredEvents): AnyStreamEvent[] {
  const events: AnyStreamEvent[] = []
  while (!replay.isDone) events.push(...replay.read())
  return events
}

function fromLog(log: TokenLog, jobId: string): ReadView {
  return async (view, after) => {
    const reader = new AwaitedReader<AnyStreamEvent, TokenReader>(
      (onReady) => log.attach(jobId, view, after, { onReady, onIdle: () => {} }),
      ({ hasEnded }) => hasEnded,
    )
    const events = await reader.rest()
    reader.source.detach()
    return events
  }
}

function write(log: TokenLog, jobId: string, pieces: readonly Piece[]): void {
  for (const { piece, place, part } of answerOf(pieces).placed) log.append(jobId, piece, place, part, 1)
}

describeView(
  'the log of one process',
  async (pieces) => {
    const log = new MemoryTokenLog()
    // Without a reader or a piece, there would be no log that can end.
    log.attach('job', VIEWS.text, 0, { onReady: () => {}, onIdle: () => {} })
    write(log, 'job', pieces)
    await log.close('job', 1)
    onTestFinished(() => log.stop())
    return fromLog(log, 'job')
  },
  100,
)

describeView('its record', async (pieces) => fromRecord(answerOf(pieces).answer.stored), 100)

describeView(
  'its record, with the timing of the run',
  async (pieces) => {
    const job = recordOf(answerOf(pieces).answer.stored)
    // So fast that every piece is due at once.
    return (view, after) => allOf(new TimedReplay(job, view, after, Number.MAX_VALUE, () => {}))
  },
  100,
)

describeView(
  'a record without a tape, as older versions stored it',
  async (pieces) => fromRecord({ ...answerOf(pieces).answer.stored, tape: undefined }),
  50,
)

describeView(
  'the checkpoints of its run, some of them stored twice',
  async (pieces) => fromRecord(checkpointed(pieces)),
  100,
)

describeView(
  'the log of a run that was taken over where its last checkpoint ended',
  async (pieces) => {
    const { placed } = answerOf(pieces)
    const stored = Math.floor(placed.length / 2)
    const log = new MemoryTokenLog()
    log.attach('job', VIEWS.text, 0, { onReady: () => {}, onIdle: () => {} })
    write(log, 'job', pieces)
    const { answer } = answerOf(pieces.slice(0, stored))
    log.takeOver('job', { length: answer.length, textLength: answer.mark.textLength }, 2)
    // The new run reads the vendor's answer from its beginning.
    for (const { piece, place, part } of placed) log.append('job', piece, place, part, 2)
    await log.close('job', 2)
    return fromLog(log, 'job')
  },
  100,
)

describeWithRedis('with Redis', (url) => {
  describeView(
    'the log of another process',
    async (pieces) => {
      const options = { ...useRedis(url), logger: SILENT }
      const [writing, reading] = [await RedisTokenLog.open(options), await RedisTokenLog.open(options)]
      onTestFinished(async () => {
        await writing.stop()
        await reading.stop()
      })
      write(writing, 'job', pieces)
      await writing.close('job', 1)
      return fromLog(reading, 'job')
    },
    15,
  )
})

/** The answer as a store has it that took its growth in turns, one of them twice. */
function checkpointed(pieces: readonly Piece[]): StoredAnswer {
  const whole = answerOf([]).answer
  let stored: StoredAnswer = { result: '' }
  let mark = NOTHING
  for (const [index, piece] of pieces.entries()) {
    whole.append(piece, index)
    const growth = whole.growthSince(mark)
    // A checkpoint that failed may have been stored after all. The next one begins at the same place and has more.
    stored = grow(stored, growth)
    if (index % 3 === 0) continue
    mark = whole.mark
  }
  return grow(stored, whole.growthSince(mark))
}

it('an answer that is stored in checkpoints is the answer that is stored at once', () => {
  fc.assert(
    fc.property(randomPieces, (pieces) => {
      const { answer } = answerOf(pieces)
      const stored = checkpointed(pieces)
      const { result, parts } = answer.stored
      expect(stored.result).toBe(result)
      expect(stored.parts ?? undefined).toEqual(parts)
      expect(answerLength(stored)).toBe(answer.length)
    }),
    cases(300),
  )
})

it('an answer that is appended to is the answer that is grown', () => {
  fc.assert(
    fc.property(randomPieces, fc.nat({ max: 30 }), (pieces, at) => {
      const { answer: before } = answerOf(pieces.slice(0, at))
      const { answer: whole } = answerOf(pieces)
      const growth = whole.growthSince(before.mark)
      const stored = before.stored
      expect(append(stored, growth)).toEqual(grow(stored, growth))
      expect(append(stored, growth).result).toBe(whole.stored.result)
      const { tape = '' } = append(stored, growth)
      expect(countEntries(decodeTape(tape))).toBe(whole.mark.pieceCount)
    }),
    cases(300),
  )
})

it('a tape takes at most three bytes a piece in a stream of usual pieces', () => {
  const { answer } = answerOf(Array.from({ length: 1_000 }, (_, index) => ' word'.slice(0, 1 + (index % 5))))
  expect(Buffer.from(answer.stored.tape ?? '', 'base64').length).toBeLessThanOrEqual(3_000)
})
