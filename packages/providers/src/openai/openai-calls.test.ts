import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type LoopbackVendor, startOpenAIVendor } from '../testing/index.ts'
import { callsOf, DONE, delta, event, readWire, STOP } from './wire-case.ts'

let vendor: LoopbackVendor
beforeEach(async () => {
  vendor = await startOpenAIVendor()
})
afterEach(() => vendor.close())

interface Stretch {
  readonly index?: number
  readonly id?: string | null
  readonly name?: string | null
  readonly args?: unknown
}

const calls = (...stretches: Stretch[]) =>
  delta({
    tool_calls: stretches.map(({ name, args, ...rest }) => ({
      ...rest,
      type: 'function',
      function: { ...(name !== undefined && { name }), ...(args !== undefined && { arguments: args }) },
    })),
  })

const A = { name: 'add', text: '{"a":1}', isOpen: false }
const B = { name: 'sub', text: '{"b":2}', isOpen: false }

describe('the tool calls of an answer', () => {
  it.each<[string, string, object[]]>([
    [
      'one in pieces',
      calls({ index: 0, id: 'c1', name: 'add', args: '' }) +
        calls({ index: 0, args: '{"a"' }) +
        calls({ index: 0, args: ':1}' }),
      [{ ...A, callId: 'c1' }],
    ],
    [
      'two, one behind the other',
      calls({ index: 0, id: 'c1', name: 'add', args: '{"a":1}' }) +
        calls({ index: 1, id: 'c2', name: 'sub', args: '' }) +
        calls({ index: 1, args: '{"b":2}' }),
      [
        { ...A, callId: 'c1' },
        { ...B, callId: 'c2' },
      ],
    ],
    [
      'two at the same time',
      calls({ index: 0, id: 'c1', name: 'add', args: '{"a"' }, { index: 1, id: 'c2', name: 'sub', args: '{"b"' }) +
        calls({ index: 1, args: ':2}' }) +
        calls({ index: 0, args: ':1}' }),
      [
        { ...A, callId: 'c1' },
        { ...B, callId: 'c2' },
      ],
    ],
    [
      'empty names behind the first',
      calls({ index: 0, id: 'c1', name: 'add', args: '{"a"' }) + calls({ index: 0, id: '', name: '', args: ':1}' }),
      [{ ...A, callId: 'c1' }],
    ],
    [
      'null in place of names and ids',
      calls({ index: 0, id: 'c1', name: 'add', args: '{"a"' }) + calls({ index: 0, id: null, name: null, args: ':1}' }),
      [{ ...A, callId: 'c1' }],
    ],
    [
      'the name in each chunk',
      calls({ index: 0, id: 'c1', name: 'add', args: '{"a"' }) +
        calls({ index: 0, id: 'c1', name: 'add', args: ':1}' }),
      [{ ...A, callId: 'c1' }],
    ],
    [
      'a new id in each chunk',
      calls({ index: 0, id: 'c1', name: 'add', args: '{"a"' }) + calls({ index: 0, id: 'c9', args: ':1}' }),
      [{ ...A, callId: 'c1' }],
    ],
    [
      'whole, without indexes and ids',
      calls({ name: 'add', args: '{"a":1}' }, { name: 'sub', args: '{"b":2}' }),
      [A, B],
    ],
    [
      'whole, the same one twice',
      calls({ name: 'add', args: '{"a":1}' }) + calls({ name: 'add', args: '{"a":1}' }),
      [A, A],
    ],
    [
      'in pieces, without indexes and ids',
      calls({ name: 'add', args: '' }) + calls({ args: '{"a"' }) + calls({ args: ':1}' }),
      [A],
    ],
    [
      'in pieces, without indexes',
      calls({ id: 'c1', name: 'add', args: '{"a"' }) + calls({ id: 'c1', args: ':1}' }),
      [{ ...A, callId: 'c1' }],
    ],
    [
      'all of the index 0',
      calls({ index: 0, id: 'c1', name: 'add', args: '{"a":1}' }) +
        calls({ index: 0, id: 'c2', name: 'sub', args: '{"b":2}' }),
      [
        { ...A, callId: 'c1' },
        { ...B, callId: 'c2' },
      ],
    ],
    [
      'all of the index 0, without ids',
      calls({ index: 0, name: 'add', args: '{"a":1}' }, { index: 0, name: 'sub', args: '{"b":2}' }),
      [A, B],
    ],
    [
      'the whole call again at the end',
      calls({ index: 0, id: 'c1', name: 'add', args: '{"a"' }) +
        calls({ index: 0, args: ':1}' }) +
        calls({ index: 0, id: 'c1', name: 'add', args: '{"a":1}' }),
      [{ ...A, callId: 'c1' }],
    ],
    [
      'arguments that are an object',
      calls({ index: 0, id: 'c1', name: 'add', args: { a: 1 } }),
      [{ ...A, callId: 'c1' }],
    ],
    ['no arguments', calls({ index: 0, id: 'c1', name: 'add', args: '' }), [{ ...A, callId: 'c1', text: '' }]],
    [
      'the form before there could be several',
      delta({ function_call: { name: 'add', arguments: '' } }) + delta({ function_call: { arguments: '{"a":1}' } }),
      [A],
    ],
    [
      'both forms at once',
      delta({
        function_call: { name: 'add', arguments: '{"a"' },
        tool_calls: [{ index: 0, id: 'c1', function: { name: 'add', arguments: '{"a"' } }],
      }) +
        delta({
          function_call: { arguments: ':1}' },
          tool_calls: [{ index: 0, function: { arguments: ':1}' } }],
        }),
      [{ ...A, callId: 'c1' }],
    ],
    [
      'in a message',
      event({
        choices: [
          { message: { content: null, tool_calls: [{ id: 'c1', function: { name: 'add', arguments: '{"a":1}' } }] } },
        ],
      }),
      [{ ...A, callId: 'c1' }],
    ],
    [
      'an empty stretch',
      calls({}) + calls({ index: 0, id: 'c1', name: 'add', args: '{"a":1}' }),
      [{ ...A, callId: 'c1' }],
    ],
  ])('are read: %s', async (_, body, expected) => {
    const { pieces, summary, error } = await readWire(vendor, { body: body + STOP })
    expect(error).toBeUndefined()
    expect(callsOf(pieces)).toMatchObject(expected)
    expect(callsOf(pieces)).toHaveLength(expected.length)
    // Some servers say `stop`.
    expect(summary).toEqual({ finishReason: 'tool-calls' })
  })

  it('have ids that differ, also if the server gives none or the same twice', async () => {
    const body = calls(
      { name: 'add', args: '{}' },
      { id: 'c', name: 'add', args: '{}' },
      { id: '', name: 'add', args: '{}' },
    )
    const { pieces } = await readWire(vendor, {
      body: body + calls({ index: 5, id: 'c', name: 'sub', args: '{}' }) + STOP,
    })
    const ids = callsOf(pieces).map(({ callId }) => callId)
    expect(new Set(ids).size).toBe(4)
    for (const id of ids) expect(id).toMatch(/^(?:c|call_[0-9a-f]{24})$/)
  })

  it('are none if a server sends an empty one only', async () => {
    const { pieces, summary } = await readWire(vendor, { body: delta({ content: 'Hi' }) + calls({ index: 0 }) + STOP })
    expect({ pieces, summary }).toEqual({ pieces: ['Hi'], summary: { finishReason: 'stop' } })
  })

  it('follow each other without anything between, whatever comes in between', async () => {
    const body =
      delta({ content: 'First ' }) +
      calls({ index: 0, id: 'c1', name: 'add', args: '{"a"' }) +
      delta({ content: 'text' }) +
      calls({ index: 1, id: 'c2', name: 'sub', args: '{"b":2}' }) +
      delta({ reasoning: 'hm' }) +
      calls({ index: 0, args: ':1}' })
    const { pieces } = await readWire(vendor, { body: body + delta({}, 'tool_calls') + DONE })
    expect(pieces).toEqual([
      'First ',
      { type: 'tool-call', callId: 'c1', name: 'add' },
      { type: 'tool-arguments', text: '{"a"' },
      { type: 'tool-arguments', text: ':1}' },
      { type: 'tool-call-end' },
      'text',
      { type: 'tool-call', callId: 'c2', name: 'sub' },
      { type: 'tool-arguments', text: '{"b":2}' },
      { type: 'tool-call-end' },
      { type: 'reasoning', text: 'hm' },
    ])
  })

  it('end as soon as something follows a call whose arguments are whole', async () => {
    const body = calls({ index: 0, id: 'c1', name: 'add', args: '{"a":1}' }) + delta({ content: 'text' })
    const { pieces, error } = await readWire(vendor, { body })
    expect(pieces).toEqual([
      { type: 'tool-call', callId: 'c1', name: 'add' },
      { type: 'tool-arguments', text: '{"a":1}' },
      { type: 'tool-call-end' },
      'text',
    ])
    expect(error).toMatchObject({ code: 'provider-malformed' })
  })

  it.each([
    ['the token limit', delta({}, 'length')],
    ['a filter', delta({}, 'content_filter')],
  ])('are not ended if %s cuts their arguments', async (_, end) => {
    const { pieces, error } = await readWire(vendor, {
      body: calls({ index: 0, id: 'c1', name: 'add', args: '{"a"' }) + end,
    })
    expect(error).toBeUndefined()
    expect(callsOf(pieces)).toEqual([{ callId: 'c1', name: 'add', text: '{"a"', isOpen: true }])
  })

  it.each([
    ['a call is cut and only [DONE] follows', calls({ index: 0, id: 'c1', name: 'add', args: '{"a"' }) + DONE],
    ['a call has no name', calls({ index: 0, id: 'c1', args: '{}' }) + STOP],
  ])('are a failure if %s', async (_, body) => {
    expect((await readWire(vendor, { body })).error).toMatchObject({ code: 'provider-malformed' })
  })
})
