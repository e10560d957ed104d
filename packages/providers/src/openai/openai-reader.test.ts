import { PassThrough } from 'node:stream'
import { describe, expect, it, vi } from 'vitest'
import { EventReader } from '../http/event-reader.ts'
import { drain } from '../testing/drain.ts'
import { streamFromVendor } from '../vendor-stream.ts'
import { END_MARKER } from './openai-chunk.ts'
import { OpenAIReader } from './openai-reader.ts'
import { DONE, delta, event } from './wire-case.ts'

/** Reads an answer whose connection ends, or breaks, behind this text. */
async function read(text: string, isBroken: boolean) {
  const content = new PassThrough()
  const reader = new OpenAIReader()
  const stream = streamFromVendor({
    provider: 'test',
    signal: new AbortController().signal,
    open: async () => new EventReader(content, END_MARKER),
    read: (chunk) => reader.read(chunk),
  })
  const drained = drain(stream)
  content.write(text)
  if (isBroken) {
    await vi.waitUntil(() => content.readableFlowing && content.readableLength === 0)
    content.destroy(Object.assign(new Error('broken'), { code: 'ECONNRESET' }))
  } else {
    content.end()
  }
  return drained
}

const call = { index: 0, id: 'c1', function: { name: 'add', arguments: '{"a":1}' } }
const content =
  delta({ reasoning: 'hm' }) + delta({ content: 'é👩‍🚀 ' }) + delta({ content: 'b' }) + delta({ tool_calls: [call] })
const usage = event({ choices: [], usage: { prompt_tokens: 1, completion_tokens: 2 } })

describe('OpenAIReader', () => {
  it.each([
    ['ends', false],
    ['breaks', true],
  ])('takes an answer for whole only behind its finish reason, wherever the connection %s', async (_, isBroken) => {
    const reason = delta({}, 'tool_calls')
    const answer = content + reason + usage + DONE
    // The line breaks behind the reason do not matter.
    const wholeAt = content.length + reason.length - 2
    for (let cut = 1; cut <= answer.length; cut += 1) {
      const { error, summary, pieces } = await read(answer.slice(0, cut), isBroken)
      if (cut < wholeAt) {
        expect(error, `cut at ${cut}`).toMatchObject({ name: 'ProviderError', retryable: true })
        expect(pieces).not.toContainEqual({ type: 'tool-call-end' })
      } else {
        expect(error, `cut at ${cut}`).toBeUndefined()
        expect(summary?.finishReason).toBe('tool-calls')
        expect(pieces.at(-1)).toEqual({ type: 'tool-call-end' })
      }
    }
  })

  it('takes the end marker for the end only if it is whole', async () => {
    const answer = delta({ content: 'Hi' }) + DONE.trimEnd()
    for (let cut = 1; cut < answer.length; cut += 1) {
      expect((await read(answer.slice(0, cut), false)).error, `cut at ${cut}`).toMatchObject({ retryable: true })
    }
    expect(await read(answer, false)).toMatchObject({ fragments: ['Hi'], summary: {} })
  })
})
