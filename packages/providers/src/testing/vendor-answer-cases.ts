import { describe, expect, it } from 'vitest'
import type { CompletionPiece } from '../llm-provider.ts'
import type { AnswerKind } from './provider-harness.ts'
import { type VendorHarness, vendorFixture } from './vendor-fixture.ts'

const ALIVE = { done: false, value: { type: 'alive' } }

/** Tests of answers that are more than text, and of their ends. */
export function describeVendorAnswers(harness: VendorHarness): void {
  const has = (kind: AnswerKind) => harness.answers?.includes(kind) ?? false

  describe('with everything that an answer can have', () => {
    const { run, started } = vendorFixture(harness)

    it('says that the vendor is alive when something without content comes', async () => {
      const { completion, exchange } = await started()
      exchange.sendToken('')
      const { value } = await completion.next()
      expect(value).toEqual(ALIVE.value)
      exchange.sendToken('')
      expect((await completion.next()).value).toBe(value)
      exchange.finish()
      expect(await completion.next()).toMatchObject({ done: true })
    })

    it('completes an answer without text, if the vendor has ended it', async () => {
      const { pieces, summary, error } = await run((exchange) => exchange.finish())
      expect(error).toBeUndefined()
      expect({ pieces, summary }).toEqual({ pieces: [], summary: { finishReason: 'stop' } })
    })

    it('completes an answer whose connection stays open behind its end', async () => {
      const { fragments, summary } = await run((exchange) => {
        exchange.sendToken('Hi')
        exchange.sendEnd({ usage: { inputTokens: 1, outputTokens: 2 } })
      })
      expect(fragments).toEqual(['Hi'])
      expect(summary).toEqual({ finishReason: 'stop', usage: { inputTokens: 1, outputTokens: 2 } })
    })

    if (has('ping')) {
      it('says that the vendor is alive when a ping comes', async () => {
        const { completion, exchange } = await started()
        exchange.sendPing()
        expect(await completion.next()).toEqual(ALIVE)
        exchange.finish()
      })
    }

    if (has('reasoning')) {
      it('keeps reasoning apart from the text', async () => {
        const { pieces, error } = await run((exchange) => {
          for (const text of ['Let me', '', ' think']) exchange.sendReasoning(text)
          exchange.sendToken('It is ')
          exchange.sendReasoning('Really?')
          exchange.sendToken('4.')
          exchange.finish()
        })
        expect(error).toBeUndefined()
        expect(pieces).toEqual([reasoning('Let me'), reasoning(' think'), 'It is ', reasoning('Really?'), '4.'])
      })
    }

    if (has('refusal')) {
      it('keeps a refusal apart from the text, and says that the model refused', async () => {
        const { pieces, summary } = await run((exchange) => {
          for (const text of ['', "I can't", ' help.']) exchange.sendRefusal(text)
          exchange.finish()
        })
        expect(pieces).toEqual([refusal("I can't"), refusal(' help.')])
        expect(summary).toEqual({ finishReason: 'refusal' })
      })
    }

    if (has('tool-calls')) {
      it('yields tool calls one behind the other, between the texts around them', async () => {
        const { pieces, summary, error } = await run((exchange) => {
          exchange.sendToken('Wait.')
          exchange.sendToolCalls({ index: 0, callId: 'c1', name: 'add', arguments: '{"a":1}' })
          exchange.sendToolCalls({ index: 1, callId: 'c2', name: 'sub', arguments: '{"b":2}' })
          exchange.sendToken('Now.')
          exchange.finish({ reason: 'tool-calls' })
        })
        expect(error).toBeUndefined()
        expect(pieces).toEqual(['Wait.', ...call('c1', 'add', '{"a":1}'), ...call('c2', 'sub', '{"b":2}'), 'Now.'])
        expect(summary).toEqual({ finishReason: 'tool-calls' })
      })

      it('says that tools are called, also if the vendor says that it stopped', async () => {
        const { summary } = await run((exchange) => {
          exchange.sendToolCalls({ index: 0, callId: 'c1', name: 'add', arguments: '{}' })
          exchange.finish({ reason: 'stop' })
        })
        expect(summary).toEqual({ finishReason: 'tool-calls' })
      })
    }

    if (has('tool-call-stretches')) {
      it('yields the arguments of a call as they come', async () => {
        const { completion, exchange } = await started()
        exchange.sendToolCalls({ index: 0, callId: 'c1', name: 'add', arguments: '' })
        expect((await completion.next()).value).toEqual({ type: 'tool-call', callId: 'c1', name: 'add' })
        for (const text of ['{"a"', ':1', '}']) {
          exchange.sendToolCalls({ index: 0, arguments: text })
          expect((await completion.next()).value).toEqual({ type: 'tool-arguments', text })
        }
        exchange.finish()
        expect((await completion.next()).value).toEqual({ type: 'tool-call-end' })
        expect(await completion.next()).toEqual({ done: true, value: { finishReason: 'tool-calls' } })
      })

      it('holds back what comes in the middle of a call, and says that the vendor is alive', async () => {
        const { completion, exchange } = await started()
        exchange.sendToolCalls({ index: 0, callId: 'c1', name: 'add', arguments: '{"a"' })
        expect((await completion.next()).value).toEqual({ type: 'tool-call', callId: 'c1', name: 'add' })
        expect((await completion.next()).value).toEqual({ type: 'tool-arguments', text: '{"a"' })
        exchange.sendToolCalls({ index: 1, callId: 'c2', name: 'sub', arguments: '{"b"' })
        const alive = await completion.next()
        expect(alive).toEqual(ALIVE)
        exchange.sendToolCalls({ index: 1, arguments: ':2}' })
        expect(await completion.next()).toEqual(ALIVE)
        exchange.sendToolCalls({ index: 0, arguments: ':1}' })
        exchange.finish({ reason: 'tool-calls' })
        const rest: unknown[] = []
        // Some vendors open a call in an event of its own.
        for await (const piece of completion) if (!isAlive(piece)) rest.push(piece)
        expect(rest).toEqual([
          { type: 'tool-arguments', text: ':1}' },
          { type: 'tool-call-end' },
          ...call('c2', 'sub', '{"b":2}'),
        ])
      })

      it('does not end a call that a failure has cut', async () => {
        const { pieces, error } = await run((exchange) => {
          exchange.sendToolCalls({ index: 0, callId: 'c1', name: 'add', arguments: '{"a":1}' })
          exchange.sendFailure('Overloaded.')
        })
        expect(pieces).toEqual(call('c1', 'add', '{"a":1}').slice(0, 2))
        expect(error).toMatchObject({ code: 'provider-unavailable' })
      })

      it('does not end a call whose arguments the token limit has cut', async () => {
        const { pieces, summary } = await run((exchange) => {
          exchange.sendToolCalls({ index: 0, callId: 'c1', name: 'add', arguments: '{"a"' })
          exchange.finish({ reason: 'length' })
        })
        expect(pieces).toEqual(call('c1', 'add', '{"a"').slice(0, 2))
        expect(summary).toEqual({ finishReason: 'length' })
      })
    }

    if (has('carry')) {
      it('yields what the vendor wants back with its part, also without text', async () => {
        const { pieces } = await run((exchange) => {
          exchange.sendCarried({ type: 'reasoning', text: 'hm', carry: 's1' })
          exchange.sendCarried({ type: 'text', text: 'Hi', carry: 's2' })
          exchange.sendCarried({ type: 'text', text: '', carry: 's3' })
          exchange.finish()
        })
        expect(pieces).toEqual([
          { type: 'reasoning', text: 'hm', carry: 's1' },
          { type: 'text', text: 'Hi', carry: 's2' },
          { type: 'text', text: '', carry: 's3' },
        ])
      })
    }

    if (has('usage-details')) {
      it('returns the details of the usage', async () => {
        const usage = { inputTokens: 9, outputTokens: 8, cachedInputTokens: 7, reasoningTokens: 6 }
        const { summary } = await run((exchange) => exchange.finish({ usage }))
        expect(summary).toEqual({ finishReason: 'stop', usage })
      })
    }
  })
}

function isAlive(piece: CompletionPiece): boolean {
  return typeof piece === 'object' && piece.type === 'alive'
}

function reasoning(text: string): CompletionPiece {
  return { type: 'reasoning', text }
}

function refusal(text: string): CompletionPiece {
  return { type: 'refusal', text }
}

function call(callId: string, name: string, text: string): CompletionPiece[] {
  return [{ type: 'tool-call', callId, name }, { type: 'tool-arguments', text }, { type: 'tool-call-end' }]
}
