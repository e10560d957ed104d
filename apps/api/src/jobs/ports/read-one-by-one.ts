import type { StoredJob } from '../job.ts'
import type { ConversationStore } from './job-repository.ts'

/** What finds single jobs and items. */
interface SingleReads {
  find(id: string): Promise<StoredJob | undefined>
  findItem(id: string): Promise<Uint8Array | undefined>
}

/** Reads conversations from a store that finds only single jobs and items, such as one that is exported from. */
export function readOneByOne(store: SingleReads): ConversationStore {
  return {
    async findTurnIds(id, limit) {
      const ids: string[] = []
      for (let next: string | undefined = id; next !== undefined && ids.length < limit; ) {
        const job: StoredJob | undefined = await store.find(next)
        if (!job) return { ids, goneId: next }
        ids.push(next)
        next = job.previousJobId
      }
      return { ids }
    },
    async findEach(ids) {
      const jobs: StoredJob[] = []
      for (const id of ids) {
        const job = await store.find(id)
        if (job) jobs.push(job)
      }
      return jobs
    },
    async findItems(ids) {
      const items = new Map<string, Uint8Array>()
      for (const id of new Set(ids)) {
        const bytes = await store.findItem(id)
        if (bytes) items.set(id, bytes)
      }
      return items
    },
  }
}
