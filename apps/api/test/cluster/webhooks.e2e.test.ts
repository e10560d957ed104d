import { DeliveryList } from '@promptlab/contract'
import { expect, it, vi } from 'vitest'
import { Cluster } from '../support/cluster.ts'
import { createJob } from '../support/job-client.ts'
import { withPostgres } from '../support/test-postgres.ts'
import { describeWithRedisProcess } from '../support/test-redis.ts'
import { answerWith, WEBHOOK_SECRET, WebhookReceiver } from '../support/webhook-receiver.ts'

// Each test starts several processes.
vi.setConfig({ testTimeout: 120_000 })

const SETTINGS = { WEBHOOK_SECRET, WEBHOOK_HOSTS: '127.0.0.1', ECHO_DELAY_MS: '1' }
const ECHO = { prompt: 'Once upon a time', provider: 'echo', model: 'echo' }

async function deliveriesOf(url: string, id: string) {
  return DeliveryList.parse(await (await fetch(`${url}/jobs/${id}/deliveries`)).json()).data
}

await withPostgres((newDatabase) => {
  describeWithRedisProcess('webhooks of a cluster', () => {
    it('get one attempt for each of 200 jobs, whichever process makes it', async () => {
      const receiver = await WebhookReceiver.start()
      const cluster = await Cluster.prepare(await newDatabase(), SETTINGS)
      const { apis } = await cluster.startFour()
      const created = Array.from({ length: 200 }, (_, index) =>
        createJob(apis[index % 2 === 0 ? 0 : 1].url, { ...ECHO, webhook: { url: receiver.url } }),
      )
      const ids = (await Promise.all(created)).map(({ id }) => id)
      await receiver.count(ids.length)
      for (const id of ids) {
        const [delivery] = await vi.waitUntil(async () => {
          const deliveries = await deliveriesOf(apis[0].url, id)
          return deliveries[0]?.status === 'delivered' ? deliveries : undefined
        }, 20_000)
        expect(delivery?.attempts).toMatchObject([{ status: 204 }])
      }
      expect(receiver.received.map(({ message }) => message.data.id).sort()).toEqual(ids.sort())
      expect(receiver.faults).toEqual([])
    })

    it('are told by another process when the one that tells them dies', async () => {
      const receiver = await WebhookReceiver.start()
      receiver.answer = () => {}
      const cluster = await Cluster.prepare(await newDatabase(), SETTINGS)
      const api = await cluster.start('api')
      const worker = await cluster.start('worker')
      await createJob(api.url, { ...ECHO, webhook: { url: receiver.url } })
      await receiver.count(1)
      receiver.answer = answerWith(204)
      // Only one of them makes the attempt: the worker, where the job ended, or the other one, if its look was faster.
      await worker.kill()
      await api.kill()
      await cluster.start('api')
      const [first, second] = await receiver.count(2)
      expect(second?.id).toBe(first?.id)
    })
  })
})
