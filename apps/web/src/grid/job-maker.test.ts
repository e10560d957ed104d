import { ApiError, ConnectionError, type Job } from '@promptlab/client'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { JobMaker } from './job-maker.ts'

const JOB: Job = {
  id: 'a',
  status: 'pending',
  prompt: 'Hello',
  provider: 'echo',
  model: 'one',
  createdAt: '',
  updatedAt: '',
  links: { self: '', cancel: '', stream: '' },
}

function makerOf() {
  const events = { onJob: vi.fn(), onWait: vi.fn() }
  return { maker: new JobMaker(events), ...events }
}

afterEach(() => {
  vi.useRealTimers()
})

describe('the maker of jobs', () => {
  it('creates all, at most eight at once', async () => {
    const { maker, onJob } = makerOf()
    let atOnce = 0
    let most = 0
    const create = async () => {
      most = Math.max(most, ++atOnce)
      await new Promise(setImmediate)
      atOnce--
      return JOB
    }
    await maker.make(Array.from({ length: 30 }, () => create))
    expect([most, onJob.mock.calls.length]).toEqual([8, 30])
  })

  it.each([new ConnectionError('gone'), new ApiError(429, undefined), new ApiError(503, undefined)])(
    'waits until %s is over, and says so',
    async (error) => {
      vi.useFakeTimers()
      const { maker, onJob, onWait } = makerOf()
      const create = vi.fn().mockRejectedValueOnce(error).mockResolvedValue(JOB)
      const made = maker.make([create])
      await vi.advanceTimersByTimeAsync(0)
      expect(onWait.mock.calls).toEqual([[error]])
      await vi.runAllTimersAsync()
      await made
      expect(onJob).toHaveBeenCalledWith(JOB)
      expect(onWait).toHaveBeenLastCalledWith(undefined)
    },
  )

  it('stops at a refusal, which it throws', async () => {
    const { maker } = makerOf()
    const refusal = new ApiError(400, undefined)
    const create = vi.fn().mockRejectedValue(refusal)
    await expect(maker.make(Array.from({ length: 30 }, () => create))).rejects.toBe(refusal)
    expect(create).toHaveBeenCalledTimes(8)
  })

  it('ends when it is stopped, after the creations that are under way', async () => {
    const { maker, onJob } = makerOf()
    let resolve: (job: Job) => void = () => {}
    const promise = new Promise<Job>((done) => {
      resolve = done
    })
    const create = vi.fn().mockReturnValue(promise)
    const made = maker.make(Array.from({ length: 30 }, () => create))
    maker.stop()
    resolve(JOB)
    await made
    expect([create.mock.calls.length, onJob.mock.calls.length]).toEqual([8, 8])
  })

  it('does not wait any more when it is stopped', async () => {
    const { maker, onWait } = makerOf()
    const made = maker.make([() => Promise.reject(new ConnectionError('gone'))])
    await vi.waitFor(() => expect(onWait).toHaveBeenCalled())
    maker.stop()
    await made
  })
})
