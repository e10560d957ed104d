import { Client } from 'pg'
import { expect, it, onTestFinished } from 'vitest'
import { aJobWith, anItem } from '../../../test/contracts/describe-items.ts'
import { aJob, CREATED_AT, completed, insertFinished } from '../../../test/contracts/stored-job.ts'
import { runSql, withPostgres } from '../../../test/support/test-postgres.ts'
import { finishJob, startJob } from '../../jobs/job.ts'
import { BudgetExceededError } from '../../jobs/ports/caller-budget.ts'
import { ItemSweptError, PreviousJobGoneError } from '../../jobs/ports/storage-errors.ts'
import { openPostgresJobs } from './open-postgres.ts'

const DAY_MS = 86_400_000
const ROUNDS = 40
const DAY = new Date(CREATED_AT).toISOString().slice(0, 10)

await withPostgres((newDatabase) => {
  async function openTwo(url?: string) {
    url ??= await newDatabase()
    const open = () => openPostgresJobs(url, { logger: { info: () => {}, warn: () => {} }, shared: true })
    const stores = [await open(), await open()] as const
    onTestFinished(async () => void (await Promise.all(stores.map((jobs) => jobs.close()))))
    return stores
  }

  it('an item that one process sweeps is there for the job of another process, or the job is refused', async () => {
    const [first, second] = await openTwo()
    let stored = 0
    for (let round = 0; round < ROUNDS; round += 1) {
      const items = [anItem(`first of round ${round}`), anItem(`second of round ${round}`)]
      await first.storeItems(items)
      const [swept, inserted, again] = await Promise.allSettled([
        second.sweepItems(Date.now() + DAY_MS, 99),
        first.insert(aJobWith(`job-${round}`, items)),
        second.storeItems(items),
      ])
      expect([swept.status, again.status]).toEqual(['fulfilled', 'fulfilled'])
      if (inserted.status === 'rejected') {
        expect(inserted.reason).toBeInstanceOf(ItemSweptError)
        continue
      }
      stored += 1
      for (const { id, bytes } of items) expect(Buffer.from((await second.findItem(id)) ?? [])).toEqual(bytes)
    }
    expect(stored).toBeGreaterThan(0)
  })

  it('a job that one process removes as expired is there for a job behind it, or that one is refused', async () => {
    const [first, second] = await openTwo()
    for (let round = 0; round < ROUNDS; round += 1) {
      const previousJobId = `first-${round}`
      await insertFinished(first, aJob(previousJobId), 1_000)
      const [removed, inserted] = await Promise.allSettled([
        second.deleteExpired({ endedBefore: Date.now(), endedLongBefore: 0 }, 99),
        first.insert({ ...aJob(`second-${round}`), previousJobId }),
      ])
      expect(removed.status).toBe('fulfilled')
      if (inserted.status === 'fulfilled') expect(await second.find(previousJobId)).toBeDefined()
      else expect(inserted.reason).toBeInstanceOf(PreviousJobGoneError)
    }
  })

  it('two processes store the same items and sweep at once without an error', async () => {
    const stores = await openTwo()
    const items = Array.from({ length: 50 }, (_, index) => anItem(`item ${index}`))
    const work = Array.from({ length: 10 }, (_, index) => [
      stores[index % 2 ? 0 : 1].storeItems(index % 3 ? items : items.toReversed()),
      stores[index % 2 ? 1 : 0].sweepItems(Date.now() + DAY_MS, 20),
    ])
    await Promise.all(work.flat())
    await stores[0].storeItems(items)
    for (const { id, bytes } of items) expect(Buffer.from((await stores[1].findItem(id)) ?? [])).toEqual(bytes)
  })

  const budgetOf = (owner: string, billionths: number) => ({
    owner,
    limits: [{ period: 'day', from: DAY, to: DAY, billionths } as const],
  })
  const reserving = (owner: string, id: string, reserved: number) => ({ ...aJob(id), owner, reserved })

  it('of the jobs that two processes store at once, no more are stored than the budget of their caller has room for', async () => {
    const stores = await openTwo()
    for (let round = 0; round < 10; round += 1) {
      const owner = `caller ${round}`
      const outcomes = await Promise.allSettled(
        Array.from({ length: 10 }, (_, index) => {
          const job = reserving(owner, `job-${round}-${index}`, 30)
          const jobs = stores[index % 2 ? 1 : 0]
          return jobs.insert(index % 3 ? job : startJob(job, CREATED_AT), undefined, budgetOf(owner, 100))
        }),
      )
      expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(3)
      for (const each of outcomes)
        if (each.status === 'rejected') expect(each.reason).toBeInstanceOf(BudgetExceededError)
      for (const jobs of stores) expect(await jobs.readBudget(budgetOf(owner, 100))).toMatchObject([{ reserved: 90 }])
    }
  })

  it('a job that ends counts once in a budget at every moment, as reserved or as spent', async () => {
    const [first, second] = await openTwo()
    const budget = budgetOf('ann', 100)
    await first.insert(reserving('ann', 'kept', 60), undefined, budget)
    let isOver = false
    const reader = (async () => {
      for (let last = 60; !isOver; ) {
        const [state] = await second.readBudget(budget)
        const sum = (state?.spent ?? 0) + (state?.reserved ?? 0)
        expect(sum % 1_000).toBe(60)
        expect(sum).toBeGreaterThanOrEqual(last)
        last = sum
        const over = second.insert(reserving('ann', 'over', 41), undefined, budget)
        await expect(over).rejects.toThrow(BudgetExceededError)
      }
    })()
    for (let round = 0; round < ROUNDS; round += 1) {
      const running = startJob(reserving('ann', `job-${round}`, 1_000), CREATED_AT)
      // Its cost is what it reserved, so that the sum stays the same whichever of both counts.
      await first.insert(running)
      const metrics = { ...running.metrics, cost: { usd: 0.000001, priced: 'exact' as const } }
      const final = finishJob(running, { result: 'text', metrics }, { status: 'completed' }, CREATED_AT)
      expect(await first.replace(final, running)).toBe(true)
    }
    isOver = true
    await reader
    expect(await second.readBudget(budget)).toMatchObject([{ spent: ROUNDS * 1_000, reserved: 60 }])
  })

  it('a caller whose row is locked keeps nobody else waiting, however many jobs it sends', async () => {
    const url = await newDatabase()
    const [first] = await openTwo(url)
    await first.insert(reserving('ann', 'first', 1), undefined, budgetOf('ann', 100))
    const holder = new Client({ connectionString: url })
    await holder.connect()
    await holder.query(`begin; select 1 from callers where owner = 'ann' for update`)
    const waiting = Array.from({ length: 50 }, (_, index) =>
      first.insert(reserving('ann', `ann-${index}`, 1), undefined, budgetOf('ann', 100)),
    )
    const others = Array.from({ length: 20 }, (_, index) =>
      first.insert(reserving(`bob ${index}`, `bob-${index}`, 1), undefined, budgetOf(`bob ${index}`, 100)),
    )
    await Promise.all(others)
    await holder.query('commit')
    await holder.end()
    expect(await Promise.all(waiting)).toHaveLength(50)
    expect(await first.readBudget(budgetOf('ann', 100))).toMatchObject([{ reserved: 51 }])
  })

  it('of two processes that want to tell of one job, one does', async () => {
    const stores = await openTwo()
    for (let round = 0; round < ROUNDS; round += 1) {
      const id = `job-${round}`
      const job = { ...aJob(id), deliveries: [], notifyAt: new Date(CREATED_AT).toISOString() }
      await stores[0].insert(job)
      await stores[0].replace(startJob(job, CREATED_AT), { status: 'pending' })
      await stores[0].replace(completed(job, ''), { status: 'running', run: 1 })
      const notifyAt = new Date(CREATED_AT + 60_000).toISOString()
      const claims = await Promise.all(stores.map((jobs) => jobs.replaceDeliveries(id, { notifyAt }, job.notifyAt)))
      expect(claims.filter(Boolean)).toHaveLength(1)
    }
  })

  it('what a process of an earlier version stores and ends is among the changes, and told', async () => {
    const url = await newDatabase()
    const [jobs] = await openTwo(url)
    const told = { ...aJob('told'), notifyAt: new Date(CREATED_AT).toISOString() }
    await jobs.insert(startJob(told, CREATED_AT))
    // The statements of that process name none of the columns.
    const time = new Date(CREATED_AT + 50).toISOString()
    await runSql(
      url,
      `insert into jobs (id, provider, model, prompt, status, created_at, updated_at, prompt_length)
      values ('earlier', 'echo', 'echo', 'x', 'pending', '${time}', '${time}', 1);
      update jobs set status = 'cancelled', ended_at = '${time}', updated_at = '${time}' where id = 'told'`,
    )
    const changes = await jobs.findChanged({ limit: 9, after: { updatedAt: told.createdAt, id: 'z' } })
    expect(changes.map(({ job: { id, status }, position }) => [id, status, position.updatedAt])).toEqual([
      ['earlier', 'pending', time],
      ['told', 'cancelled', time],
    ])
    expect(await jobs.findUntold(CREATED_AT, 9)).toEqual([{ id: 'told', notifyAt: told.notifyAt }])
  })
})
