import { JobResource } from '@promptlab/contract'
import { startResponsesVendor } from '@promptlab/providers/testing/vendors'
import { expect, it, onTestFinished } from 'vitest'
import { newStorePath, startServer } from '../support/test-server.ts'

async function create(url: string, body: object) {
  const response = await fetch(`${url}/jobs`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', prefer: 'wait=20' },
    body: JSON.stringify({ provider: 'openai', model: 'o9', ...body }),
  })
  return JobResource.parse(await response.json())
}

it('a conversation by Responses goes on with its encrypted reasoning, also after a restart, and no caller sees that', async () => {
  const vendor = await startResponsesVendor()
  onTestFinished(() => vendor.close())
  const item = { id: 'rs_1', type: 'reasoning', summary: [], encrypted_content: 'ENCRYPTED' }
  const bodies: unknown[] = []
  vendor.respondWith((exchange) => {
    bodies.push(exchange.body)
    exchange.sendReasoning('Hm')
    exchange.sendRaw(`data: ${JSON.stringify({ type: 'response.output_item.done', output_index: 0, item })}\n\n`)
    exchange.sendToken('Hi')
    exchange.finish()
  })
  const env = {
    OPENAI_API_KEY: 'key',
    OPENAI_BASE_URL: vendor.url,
    OPENAI_API: 'responses',
    DATABASE_URL: await newStorePath(),
  }
  const before = await startServer({ env })
  const first = await create(before.url, { prompt: 'Hello' })
  expect(first).toMatchObject({
    status: 'completed',
    result: 'Hi',
    output: [
      { type: 'reasoning', text: 'Hm' },
      { type: 'text', text: 'Hi' },
    ],
  })
  await before.app.close()
  const after = await startServer({ env })
  const second = await create(after.url, { prompt: 'And then?', previousJobId: first.id })
  expect(second.status).toBe('completed')
  expect(bodies[1]).toMatchObject({
    input: [
      { role: 'user', content: 'Hello' },
      {
        type: 'reasoning',
        id: 'rs_1',
        encrypted_content: 'ENCRYPTED',
        summary: [{ type: 'summary_text', text: 'Hm' }],
      },
      { role: 'assistant', content: 'Hi' },
      { role: 'user', content: 'And then?' },
    ],
  })
  expect(JSON.stringify([first, second])).not.toContain('ENCRYPTED')
})
