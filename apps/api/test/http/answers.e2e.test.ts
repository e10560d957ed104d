import { Problem } from '@promptlab/contract'
import type { Exchange } from '@promptlab/providers/testing/vendors'
import { describe, expect, it } from 'vitest'
import { createJob, finishedJob } from '../support/job-client.ts'
import { OPENAI, startVendorServer } from '../support/vendor-server.ts'

const TOOL = { name: 'get_sum', description: 'Adds.', parameters: { type: 'object' } }
const ASKED = {
  messages: [{ role: 'user', content: 'How much is 2 and 2?' }],
  provider: 'openai',
  model: 'gpt-4',
  options: { tools: [TOOL] },
}

/** Reasons, says something, calls a tool. */
function think(exchange: Exchange): void {
  exchange.sendReasoning('Add ')
  exchange.sendReasoning('them.')
  exchange.sendToken('I will ')
  exchange.sendToken('add.')
  exchange.sendToolCalls({ index: 0, callId: 'call_1', name: 'get_sum', arguments: '{"a":' })
  exchange.sendToolCalls({ index: 0, arguments: '2}' })
  exchange.finish({ reason: 'tool-calls', usage: { inputTokens: 9, outputTokens: 7, reasoningTokens: 3 } })
}

const OUTPUT = [
  { type: 'reasoning', text: 'Add them.' },
  { type: 'text', text: 'I will add.' },
  { type: 'tool-call', callId: 'call_1', name: 'get_sum', arguments: '{"a":2}' },
]

const FULL = `retry: 2000

event: reasoning
id: f4
data: {"token":"Add "}

event: reasoning
id: f9
data: {"token":"them."}

id: f16
data: {"token":"I will "}

id: f20
data: {"token":"add."}

event: tool-call
id: f21
data: {"callId":"call_1","name":"get_sum"}

event: tool-arguments
id: f26
data: {"callId":"call_1","token":"{\\"a\\":"}

event: tool-arguments
id: f28
data: {"callId":"call_1","token":"2}"}

event: tool-call-end
id: f29
data: {"callId":"call_1","name":"get_sum","arguments":"{\\"a\\":2}"}

`

async function streamed(url: string, id: string, query = ''): Promise<string> {
  return await (await fetch(`${url}/jobs/${id}/stream${query}`)).text()
}

describe('a job that thinks and calls a tool', () => {
  it('has everything in its output, and only the text in its result', async () => {
    const { vendor, url } = await startVendorServer()
    vendor.respondWith(think)
    const job = await finishedJob(url, ASKED)
    expect(job).toMatchObject({
      status: 'completed',
      prompt: 'How much is 2 and 2?',
      messages: ASKED.messages,
      result: 'I will add.',
      output: OUTPUT,
      metrics: { tokenCount: 2, finishReason: 'tool-calls', usage: { reasoningTokens: 3 } },
    })
    expect(job).toHaveProperty('metrics.firstPieceMs', expect.any(Number))
    expect(JSON.stringify(job)).not.toMatch(/"(?:parts|tape|run|owner)"/)
  })

  it('streams its text as ever, and everything in the view full, live and later', async () => {
    const { vendor, url } = await startVendorServer()
    const { id } = await createJob(url, ASKED)
    const exchange = await vendor.nextRequest()
    const [live, liveFull] = [streamed(url, id), streamed(url, id, '?view=full')]
    think(exchange)
    const end = (text: string) => text.slice(text.indexOf('event: metrics'))
    expect(await liveFull).toBe(FULL + end(await liveFull))
    expect(await live).toBe(
      `retry: 2000\n\nid: 7\ndata: {"token":"I will "}\n\nid: 11\ndata: {"token":"add."}\n\n${end(await live)}`,
    )
    expect(await streamed(url, id, '?view=full')).toBe(await liveFull)
    expect(await streamed(url, id, '?view=full&after=f18')).toMatch(
      /^retry: 2000\n\nid: f20\ndata: \{"token":"d\."\}\n\n/,
    )
    expect(await streamed(url, id, '?view=full&after=end')).toBe('')
  })

  it('is replayed from its record as it was streamed, also after a restart', async () => {
    const { vendor, url, tokenLog } = await startVendorServer()
    vendor.respondWith(think)
    const { id } = await finishedJob(url, ASKED)
    // The log forgets a job that has ended when it is stopped; the record is what later readers get.
    await tokenLog.stop()
    const replay = await streamed(url, id, '?view=full')
    expect(replay.slice(0, replay.indexOf('event: metrics'))).toBe(FULL)
    const text = await streamed(url, id)
    expect(text).toContain('id: 11\ndata: {"token":"I will add."}\n\n')
    const fast = await streamed(url, id, '?view=full&speed=1000')
    expect(fast).toBe(replay)
  })

  it('takes the result of the tool in the next job, and its vendor gets the whole conversation', async () => {
    const { vendor, url } = await startVendorServer()
    vendor.respondWith(think)
    const first = await finishedJob(url, ASKED)
    const results = [{ role: 'tool', content: [{ type: 'tool-result', callId: 'call_1', content: '4' }] }]
    const asked = Promise.withResolvers<Exchange>()
    vendor.respondWith((each) => {
      asked.resolve(each)
      each.finish()
    })
    const next = await finishedJob(url, { ...ASKED, messages: results, previousJobId: first.id })
    expect(next.previousJobId).toBe(first.id)
    const exchange = await asked.promise
    expect(exchange.request.messages).toMatchObject([
      { role: 'user', content: [{ type: 'text', text: 'How much is 2 and 2?' }] },
      {
        role: 'assistant',
        content: [
          { type: 'text', text: 'I will add.' },
          { type: 'tool-call', callId: 'call_1' },
        ],
      },
      { role: 'tool', content: [{ type: 'tool-result', callId: 'call_1' }] },
    ])
  })
})

it('a cursor of one view is refused in the other, with words', async () => {
  const { vendor, url } = await startVendorServer()
  vendor.respondWith((exchange) => exchange.finish())
  const { id } = await createJob(url, OPENAI)
  for (const [query, path] of [
    ['?after=f4', 'after'],
    ['?view=full&after=4', 'after'],
    ['?view=full&lastEventId=4', 'lastEventId'],
    ['?view=all', 'view'],
    ['?speed=0', 'speed'],
    ['?speed=x', 'speed'],
  ]) {
    const response = await fetch(`${url}/jobs/${id}/stream${query}`)
    expect(Problem.parse(await response.json())).toMatchObject({ status: 400, errors: [{ path }] })
  }
  const plain = await fetch(`${url}/jobs/${id}/stream?view=full`, { headers: { accept: 'text/plain' } })
  expect(plain.status).toBe(400)
})
