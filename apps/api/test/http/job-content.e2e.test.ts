import { JobPage, type Problem } from '@promptlab/contract'
import { describe, expect, it } from 'vitest'
import type { AskedAnswerPart, AskedMessage } from '../../src/jobs/input/asked-job.ts'
import { requestOf } from '../../src/jobs/input/job-request.ts'
import { newJob } from '../../src/jobs/job.ts'
import { createJob, finishedJob, getJob, postJob, problemOf } from '../support/job-client.ts'
import { startServer } from '../support/test-server.ts'
import { OPENAI, startVendorServer } from '../support/vendor-server.ts'

const TOOL = { name: 'get_sum', description: 'Adds.', parameters: { type: 'object' } }
const ASKED = {
  messages: [{ role: 'user', content: 'How much is 2 and 2?' }],
  provider: 'openai',
  model: 'gpt-4',
  options: { tools: [TOOL] },
}

async function refused(url: string, body: object): Promise<Problem> {
  return await problemOf(await postJob(url, body))
}

describe('the content of messages', () => {
  it('is kept once, and given to the caller as an attachment', async () => {
    const { vendor, url } = await startVendorServer()
    vendor.respondWith((exchange) => exchange.finish())
    const png = Buffer.from('89504e470d0a1a0a', 'hex')
    const long = 'A long text. '.repeat(200)
    const content = [
      { type: 'text', text: long },
      { type: 'image', mediaType: 'image/png', data: png.toString('base64') },
    ]
    const job = await finishedJob(url, { ...ASKED, messages: [{ role: 'user', content }] })
    const [text, image] = job.messages?.[0]?.content ?? []
    expect(text).toEqual({ type: 'text', item: expect.any(String), bytes: long.length })
    expect(image).toMatchObject({ type: 'image', mediaType: 'image/png', bytes: png.length })
    const item = typeof image === 'object' && 'item' in image ? image.item : ''
    const response = await fetch(`${url}/jobs/${job.id}/items/${item}`)
    expect(Buffer.from(await response.arrayBuffer())).toEqual(png)
    expect(Object.fromEntries(response.headers)).toMatchObject({
      'content-type': 'image/png',
      'content-disposition': 'attachment',
      'x-content-type-options': 'nosniff',
    })
    expect((await fetch(`${url}/jobs/${job.id}/items/${'0'.repeat(64)}`)).status).toBe(404)
    expect(JobPage.parse(await (await fetch(`${url}/jobs`)).json()).data[0]).not.toHaveProperty('messages')
  })

  it('of a job of a door shows reasoning and refusals, and nothing that vendors want back', async () => {
    const { url, jobs } = await startServer()
    const carry = { provider: 'echo', value: 'secret'.repeat(300) }
    const long = 'Hm. '.repeat(300)
    const content: AskedAnswerPart[] = [
      { type: 'reasoning', text: long, carry },
      { type: 'reasoning', text: 'Hm.', carry: { provider: 'echo', value: 'secret' } },
      { type: 'refusal', text: 'No.' },
    ]
    const messages: AskedMessage[] = [{ role: 'assistant', content }]
    const { request, items } = requestOf({ provider: 'echo', model: 'echo', messages })
    await jobs.storeItems(items)
    const job = newJob('job', request, Date.now(), undefined, {
      door: { name: 'openai-responses', echo: { user: 'secret' } },
      requestDigest: 'secret',
      client: { process: 'secret' },
    })
    await jobs.insert(job)
    const text = await (await fetch(`${url}/jobs/job`)).text()
    expect(text).not.toContain('secret')
    const [kept, ...short] = (await getJob(url, 'job')).messages?.[0]?.content ?? []
    expect(short).toEqual(content.slice(1).map(({ type }, index) => ({ type, text: ['Hm.', 'No.'][index] })))
    expect(kept).toEqual({ type: 'reasoning', item: expect.any(String), bytes: long.length })
    const item = typeof kept === 'object' && 'item' in kept ? kept.item : ''
    const response = await fetch(`${url}/jobs/job/items/${item}`)
    expect(await response.text()).toBe(long)
    expect(response.headers.get('content-type')).toBe('text/plain; charset=utf-8')
  })

  const user = (...content: object[]) => ({ ...ASKED, messages: [{ role: 'user', content }] })
  it.each([
    [
      'content that is neither a text nor parts',
      { ...ASKED, messages: [{ role: 'user', content: 5 }] },
      'messages[0].content',
    ],
    ['an unknown role', { ...ASKED, messages: [{ role: 'robot', content: 'Hi' }] }, 'messages[0].role'],
    [
      'content that is not base64',
      user({ type: 'image', mediaType: 'image/png', data: '%%%' }),
      'messages[0].content[0].data',
    ],
    [
      'a type of picture that nobody takes',
      user({ type: 'image', mediaType: 'image/bmp', data: 'AAAA' }),
      'messages[0].content[0].mediaType',
    ],
    [
      'an address of this network',
      user({ type: 'image', url: 'https://10.0.0.1/a.png' }),
      'messages[0].content[0].url',
    ],
    ['an address without TLS', user({ type: 'image', url: 'http://example.com/a.png' }), 'messages[0].content[0].url'],
    ['neither data nor url', user({ type: 'image' }), 'messages[0].content[0].data'],
    [
      'a part for another role',
      user({ type: 'tool-call', callId: 'a', name: 'b', arguments: '{}' }),
      'messages[0].content[0].type',
    ],
    [
      'a result without its call',
      { ...ASKED, messages: [{ role: 'tool', content: [{ type: 'tool-result', callId: 'x', content: '' }] }] },
      'messages[0].content[0].callId',
    ],
    [
      'a schema that is none',
      { ...ASKED, options: { tools: [{ name: 'a', parameters: { type: 'thing' } }] } },
      'options.tools[0].parameters',
    ],
    ['two tools of one name', { ...ASKED, options: { tools: [TOOL, TOOL] } }, 'options.tools[1].name'],
    [
      'a tool that is not there',
      { ...ASKED, options: { tools: [TOOL], toolChoice: { name: 'x' } } },
      'options.toolChoice',
    ],
    ['a call without tools', { ...ASKED, options: { toolChoice: 'required' } }, 'options.toolChoice'],
    ['a text that is too long', user({ type: 'text', text: 'x'.repeat(100_001) }), 'messages[0].content[0].text'],
    ['no messages', { ...ASKED, messages: [] }, 'messages'],
    ['both a prompt and messages', { ...ASKED, prompt: 'Hi' }, 'messages'],
  ])('is refused with its path: %s', async (_, body, path) => {
    const { url } = await startVendorServer()
    const problem = await refused(url, body)
    expect(problem).toMatchObject({ status: 400, code: 'invalid-request', errors: [{ path }] })
    expect(problem.detail).toContain(path)
  })

  it.each(['http://json-schema.org/draft-07/schema#', 'https://json-schema.org/draft/2020-12/schema'])(
    'may have a schema of %s',
    async ($schema) => {
      const { vendor, url } = await startVendorServer()
      vendor.respondWith((exchange) => exchange.finish())
      const schema = { $schema, type: 'object', properties: { a: { type: 'string', format: 'own' } }, own: true }
      const responseFormat = { type: 'json-schema', name: 'thing', schema }
      expect((await postJob(url, { ...ASKED, options: { responseFormat } })).status).toBe(202)
    },
  )
})

describe('what a provider cannot do', () => {
  it.each([
    ['tools', { prompt: 'Hi', options: { tools: [TOOL] } }, 'options.tools'],
    [
      'images',
      { messages: [{ role: 'user', content: [{ type: 'image', mediaType: 'image/png', data: 'AAAA' }] }] },
      'messages[0].content[0]',
    ],
  ])('is refused before anything is paid: %s', async (_, body, path) => {
    const { url } = await startVendorServer()
    const problem = await refused(url, { ...body, provider: 'echo', model: 'echo' })
    expect(problem).toMatchObject({ status: 400, code: 'unsupported-option', errors: [{ path }] })
    expect(problem.detail).toContain('echo')
  })
})

describe('a conversation that goes on', () => {
  it('is refused behind a job that does not exist, or has not ended', async () => {
    const { vendor, url } = await startVendorServer()
    expect(await refused(url, { ...OPENAI, previousJobId: 'gone' })).toMatchObject({
      status: 400,
      code: 'previous-job-gone',
    })
    const { id } = await createJob(url, OPENAI)
    expect(await refused(url, { ...OPENAI, previousJobId: id })).toMatchObject({
      status: 409,
      code: 'job-not-finished',
    })
    ;(await vendor.nextRequest()).finish()
  })

  it('goes on behind a failed job with what it said', async () => {
    const { vendor, url } = await startVendorServer()
    vendor.respondWith((exchange) => {
      exchange.sendToken('Half an')
      exchange.reset()
    })
    const first = await finishedJob(url, OPENAI)
    expect(first.status).toBe('failed')
    vendor.respondWith((exchange) => exchange.finish())
    const { id } = await createJob(url, { ...OPENAI, prompt: 'Go on', previousJobId: first.id })
    expect((await getJob(url, id)).previousJobId).toBe(first.id)
  })
})
