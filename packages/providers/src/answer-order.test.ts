import { describe, expect, it } from 'vitest'
import { AnswerOrder, type VendorPiece } from './answer-order.ts'
import type { CompletionPiece } from './llm-provider.ts'

function orderOf(pieces: readonly VendorPiece[], isCut = false): CompletionPiece[] {
  const order = new AnswerOrder()
  const out: CompletionPiece[] = []
  for (const piece of pieces) order.add(piece, out)
  order.end(isCut, out)
  return out
}

const call = (fields: object): VendorPiece => ({ type: 'tool-call-delta', ...fields })

describe('AnswerOrder', () => {
  it('begins a call when its name is known, with what came before the name', () => {
    const pieces = [call({ index: 0, id: 'c1', arguments: '{"a"' }), call({ index: 0, name: 'add', arguments: ':1}' })]
    expect(orderOf(pieces)).toEqual([
      { type: 'tool-call', callId: 'c1', name: 'add' },
      { type: 'tool-arguments', text: '{"a":1}' },
      { type: 'tool-call-end' },
    ])
  })

  it('ends a call at once if the vendor says that it is complete, with its carry', () => {
    const order = new AnswerOrder()
    const out: CompletionPiece[] = []
    order.add(call({ id: 'c1', name: 'add', arguments: '{', isComplete: true, carry: 's' }), out)
    expect(out.at(-1)).toEqual({ type: 'tool-call-end', carry: 's' })
    expect(order.isBusy).toBe(false)
  })

  it('gives out nothing behind a call that was cut', () => {
    const pieces = [
      call({ index: 0, id: 'c1', name: 'add', arguments: '{' }),
      call({ index: 1, id: 'c2', name: 'sub' }),
    ]
    expect(orderOf(pieces, true)).toEqual([
      { type: 'tool-call', callId: 'c1', name: 'add' },
      { type: 'tool-arguments', text: '{' },
    ])
  })

  it('gives out everything behind a call that is whole, although the answer was cut', () => {
    const pieces = [
      call({ index: 0, id: 'c1', name: 'add', arguments: '{} ' }),
      call({ index: 1, id: 'c2', name: 'sub' }),
    ]
    expect(orderOf(pieces, true)).toEqual([
      { type: 'tool-call', callId: 'c1', name: 'add' },
      { type: 'tool-arguments', text: '{} ' },
      { type: 'tool-call-end' },
      { type: 'tool-call', callId: 'c2', name: 'sub' },
    ])
  })

  it('ignores an empty call without a name, and refuses one that has arguments', () => {
    expect(orderOf([call({ index: 0 }), { type: 'text', text: 'Hi' }])).toEqual(['Hi'])
    expect(() => orderOf([call({ index: 0, arguments: '{}' })])).toThrow('without a name')
  })

  it('refuses to hold back text without end', () => {
    const text = 'x'.repeat(1024 * 1024)
    const pieces: VendorPiece[] = Array.from({ length: 17 }, () => ({ type: 'text', text }))
    expect(() => orderOf([call({ name: 'add', arguments: '{' }), ...pieces])).toThrow('did not end a tool call')
  })

  it('refuses to hold back pieces without end, however short they are', () => {
    const order = new AnswerOrder()
    order.add(call({ name: 'add', arguments: '{' }), [])
    const addAll = () => {
      for (let count = 0; count < 200_000; count++) order.add({ type: 'text', text: 'x' }, [])
    }
    expect(addAll).toThrow('did not end a tool call')
  })

  it.each([
    ['that are complete', '{}'],
    ['that are open', ''],
  ])('refuses calls without end %s', (_, text) => {
    const order = new AnswerOrder()
    const addAll = () => {
      for (let index = 0; index < 300_000; index++) {
        order.add(call({ index, id: `c${index}`, name: 'add', arguments: text }), [])
      }
    }
    expect(addAll).toThrow('more than 1000 tool calls')
  })

  it('takes text behind megabytes of arguments that are not JSON at the cost of the text', () => {
    const order = new AnswerOrder()
    order.add(call({ index: 0, id: 'c1', name: 'add', arguments: `{${'1,'.repeat(1_000_000)}}` }), [])
    const startedAt = performance.now()
    for (let count = 0; count < 10_000; count++) order.add({ type: 'text', text: 'x' }, [])
    expect(performance.now() - startedAt).toBeLessThan(5_000)
  })
})
