import { startServer } from '@promptlab/api/testing'
import { PromptLabClient } from '@promptlab/client'
import { expect, it } from 'vitest'

const ECHO = { prompt: 'Once upon a time', provider: 'echo', model: 'echo' }

async function startEcho() {
  const { url } = await startServer()
  return { client: new PromptLabClient({ baseUrl: url, retryDelayMs: 1 }) }
}

it('PromptLabClient.list > finds jobs by metadata, words, times and models', async () => {
  const { client } = await startEcho()
  const metadata = { run: '7', 'a b&c': 'd=é' }
  const made = await client.create({ ...ECHO, metadata })
  const later = await client.create({ ...ECHO, prompt: 'Twice upon', metadata: { run: '8' } })
  const idsOf = async (options: Parameters<typeof client.list>[0]) =>
    (await Array.fromAsync(client.list(options))).map(({ id }) => id)
  expect(await idsOf({ metadata })).toEqual([made.id])
  expect(await idsOf({ search: 'upon', limit: 1 })).toEqual([later.id, made.id])
  expect(await idsOf({ search: 'upon', metadata: { run: '8' } })).toEqual([later.id])
  expect(await idsOf({ model: 'echo', createdFrom: later.createdAt, createdBefore: '2999-01-01T00:00:00Z' })).toContain(
    later.id,
  )
  expect(await idsOf({ model: 'other' })).toEqual([])
  expect((await client.rerun(made.id, { metadata: null })).metadata).toBeUndefined()
})

it('PromptLabClient.conversation > gives the job and those before it', async () => {
  const { client } = await startEcho()
  const first = await client.create(ECHO, { waitSeconds: 60 })
  const second = await client.create({ ...ECHO, previousJobId: first.id }, { waitSeconds: 60 })
  const { data, earlier } = await client.conversation(second.id)
  expect([data.map(({ id }) => id), earlier]).toEqual([[first.id, second.id], 'none'])
  expect(await client.conversation(second.id, { limit: 1 })).toMatchObject({
    data: [{ id: second.id, result: 'Once upon a time' }],
    earlier: 'more',
  })
  await expect(client.conversation('unknown')).rejects.toMatchObject({ code: 'job-not-found' })
})

it('PromptLabClient.item > gives the bytes of an item with their type', async () => {
  const { client } = await startEcho()
  const text = 'A long story. '.repeat(200)
  const content = [{ type: 'text' as const, text }]
  const { id, messages } = await client.create({
    provider: 'echo',
    model: 'echo',
    messages: [{ role: 'user', content }],
  })
  const [kept] = JSON.stringify(messages).match(/[0-9a-f]{64}/) ?? []
  const blob = await client.item(id, kept ?? '')
  expect([await blob.text(), blob.type]).toEqual([text, 'text/plain;charset=utf-8'])
  await expect(client.item(id, 'f'.repeat(64))).rejects.toMatchObject({ code: 'item-not-found' })
})
