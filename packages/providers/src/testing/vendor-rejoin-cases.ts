import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { CompletionPiece, LLMProvider } from '../llm-provider.ts'
import type { JsonValue } from '../message.ts'
import { ProviderError } from '../provider-error.ts'
import type { RunPart } from './background-run.ts'
import type { BackgroundVendor, CreatedRun } from './background-vendor.ts'
import { drain } from './drain.ts'
import type { ProviderHarness } from './provider-harness.ts'
import { API_KEY } from './vendor-fixture.ts'

const PARTS: readonly RunPart[] = [
  { type: 'reasoning', pieces: ['Let me ', 'think.'] },
  { type: 'text', pieces: ['Once ', 'upon ', 'a 👩‍🚀 time.'] },
  { type: 'call', callId: 'call_1', name: 'look', pieces: ['{"at":', '"moon"}'] },
]

/** Tests of providers whose runs can be joined again. */
export function describeVendorRejoins(harness: ProviderHarness & Required<Pick<ProviderHarness, 'joinable'>>): void {
  describe('runs that can be joined again', () => {
    let vendor: BackgroundVendor
    let provider: LLMProvider & Required<Pick<LLMProvider, 'rejoin' | 'cancelRun'>>

    beforeEach(async () => {
      vendor = await harness.joinable.startVendor()
      const { rejoin, cancelRun, ...made } = bound(harness.joinable.create({ url: vendor.url, apiKey: API_KEY }))
      if (!rejoin || !cancelRun) throw new Error('The provider cannot join a run again')
      provider = { ...made, rejoin, cancelRun }
    })
    afterEach(() => vendor.close())

    const options = (signal = new AbortController().signal) => ({ model: harness.model, signal })
    const join = (handle: JsonValue, signal?: AbortSignal) => drain(provider.rejoin(handle, options(signal)))

    /** Starts a run, and gives its handle and what comes behind that. */
    async function started(): Promise<{ handle: JsonValue; created: CreatedRun; rest: ReturnType<typeof drain> }> {
      const completion = provider.complete('Hello', options())
      const [piece, created] = await Promise.all([firstOf(completion), vendor.nextRun()])
      if (typeof piece === 'string' || piece?.type !== 'vendor-run') throw new Error('The run began without a handle')
      return { handle: piece.handle, created, rest: drain(completion) }
    }

    it('tells the handle of a run before any content', async () => {
      const { created, rest } = await started()
      await created.run.say(PARTS)
      const { pieces, error } = await rest
      expect(error).toBeUndefined()
      expect(textsOf(pieces)).toEqual(WHOLE)
      expect(pieces.filter((piece) => typeof piece !== 'string' && piece.type === 'vendor-run')).toEqual([])
    })

    it('joins a run again whose connection broke, and gives all of it from its beginning', async () => {
      const gate = Promise.withResolvers<void>()
      const { handle, created, rest } = await started()
      let pieces = 0
      const said = created.run.say(PARTS, () => (++pieces > 3 ? gate.promise : Promise.resolve()))
      created.run.breakConnections()
      expect((await rest).error).toMatchObject({ code: 'provider-unavailable', hasEndedRun: false })
      const joined = join(handle)
      gate.resolve()
      await said
      const { pieces: again, summary, error } = await joined
      expect(error).toBeUndefined()
      expect(textsOf(again)).toEqual(WHOLE)
      expect(summary).toMatchObject({ finishReason: 'tool-calls', usage: { inputTokens: 3, outputTokens: 5 } })
      expect(vendor.created.size).toBe(1)
    })

    it('asks for a run until it is over when it cannot be streamed any more, and is alive meanwhile', async () => {
      vendor.streamsJoined = false
      const gate = Promise.withResolvers<void>()
      const { handle, created } = await started()
      const said = created.run.say(PARTS, () => gate.promise)
      const joined = provider.rejoin(handle, options())
      for (let polls = 0; polls < 3; polls++)
        expect(await joined.next()).toEqual({ done: false, value: { type: 'alive' } })
      gate.resolve()
      await said
      const { pieces, summary, error } = await drain(joined)
      expect(error).toBeUndefined()
      expect(textsOf(pieces)).toEqual(WHOLE)
      expect(carriesOf(pieces)).toEqual(carriesOf((await join(handle)).pieces))
      expect(summary).toMatchObject({ finishReason: 'tool-calls' })
      expect(vendor.created.size).toBe(1)
    })

    it('gives the same pieces and carries by stream and by asking', async () => {
      const { handle, created } = await started()
      await created.run.say(PARTS)
      const streamed = await join(handle)
      vendor.streamsJoined = false
      const asked = await join(handle)
      expect(textsOf(asked.pieces)).toEqual(textsOf(streamed.pieces))
      expect(carriesOf(asked.pieces)).toEqual(carriesOf(streamed.pieces))
      expect(asked.summary).toEqual(streamed.summary)
    })

    it.each([true, false])('says that a run has failed there (streamed: %s)', async (isStreamed) => {
      const { handle, created } = await started()
      created.run.end('failed')
      vendor.streamsJoined = isStreamed
      const { error } = await join(handle)
      expect(error).toBeInstanceOf(ProviderError)
      expect(error).toMatchObject({ code: 'provider-unavailable', hasEndedRun: true })
    })

    it('refuses a run that the vendor does not have any more', async () => {
      const { handle, created } = await started()
      vendor.forget(created.run.id)
      expect((await join(handle)).error).toMatchObject({ code: 'provider-rejected', hasEndedRun: false })
      expect((await join(null)).error).toMatchObject({ code: 'provider-rejected', hasEndedRun: false })
    })

    it.each([true, false])('throws the reason of an abort while it joins (streamed: %s)', async (isStreamed) => {
      vendor.streamsJoined = isStreamed
      const { handle } = await started()
      const abort = new AbortController()
      const joined = provider.rejoin(handle, options(abort.signal))
      await joined.next()
      const reason = new Error('enough')
      const next = drain(joined)
      abort.abort(reason)
      expect((await next).error).toBe(reason)
    })

    it('cancels a run, and takes it quietly if the run has ended or is gone', async () => {
      const { handle, created } = await started()
      await provider.cancelRun(handle, options())
      expect(created.run.status).toBe('cancelled')
      await provider.cancelRun(handle, options())
      vendor.forget(created.run.id)
      await provider.cancelRun(handle, options())
    })

    it('does not run in the background if the answer may not be stored at the vendor', async () => {
      const completion = provider.complete('Hello', { ...options(), mayStore: false })
      const first = completion.next()
      const { run, body } = await vendor.nextRun()
      expect(body).toMatchObject({ store: false })
      expect(body).not.toHaveProperty('background')
      await run.say(PARTS)
      expect(await first).toEqual({ done: false, value: { type: 'alive' } })
      expect(textsOf((await drain(completion)).pieces)).toEqual(WHOLE)
    })
  })
}

const WHOLE = ['reasoning: Let me think.', 'text: Once upon a 👩‍🚀 time.', 'call_1 look', 'arguments: {"at":"moon"}']

async function firstOf(completion: AsyncGenerator<CompletionPiece, unknown>): Promise<CompletionPiece | undefined> {
  for (;;) {
    const { done, value } = await completion.next()
    if (done) return undefined
    if (typeof value !== 'string' && value.type === 'alive') continue
    return value
  }
}

/** What the parts of an answer say, however they are cut. */
function textsOf(pieces: readonly CompletionPiece[]): string[] {
  const texts: string[] = []
  for (const piece of pieces) {
    const [label, text] = said(piece)
    const last = texts.at(-1)
    if (text === '') continue
    if (last?.startsWith(label)) texts[texts.length - 1] = last + text
    else texts.push(label + text)
  }
  return texts
}

function said(piece: CompletionPiece): [label: string, text: string] {
  if (typeof piece === 'string') return ['text: ', piece]
  if (piece.type === 'tool-call') return [`${piece.callId} `, piece.name]
  if (!('text' in piece)) return ['', '']
  return [piece.type === 'tool-arguments' ? 'arguments: ' : `${piece.type}: `, piece.text]
}

function carriesOf(pieces: readonly CompletionPiece[]): JsonValue[] {
  return pieces.flatMap((piece) =>
    typeof piece !== 'string' && 'carry' in piece && piece.carry !== undefined ? [piece.carry] : [],
  )
}

/** The provider with its methods as functions, as the server holds it. */
function bound(provider: LLMProvider): LLMProvider {
  const { rejoin, cancelRun } = provider
  return {
    name: provider.name,
    models: provider.models,
    complete: (prompt, options) => provider.complete(prompt, options),
    ...(rejoin && { rejoin: rejoin.bind(provider) }),
    ...(cancelRun && { cancelRun: cancelRun.bind(provider) }),
  }
}
