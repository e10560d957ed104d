import type { JobRequest } from '@promptlab/client'
import { useCallback, useEffect, useRef, useState } from 'react'
import { FollowedJob } from './followed-job.ts'

export interface ShownJob {
  /** The React key of the pane. It stays when the job is run again. */
  readonly key: number
  readonly followed: FollowedJob
}

interface ShownJobs {
  readonly shown: readonly ShownJob[]
  readonly run: (requests: readonly JobRequest[]) => void
  readonly runAgain: (job: ShownJob) => void
  readonly close: (id: string) => void
}

/**
 * The jobs that are shown side by side. The address of the page holds their ids, so a reload, a link and the back button show the
 * same jobs again.
 * @param onChange called when a job has been created
 */
export function useShownJobs(onChange: () => void): ShownJobs {
  const [shown, setShown] = useState<readonly ShownJob[]>([])
  const nextKey = useRef(0)
  const current = useRef(shown)

  const show = useCallback((jobs: readonly ShownJob[]) => {
    for (const { followed } of current.current) if (!jobs.some((job) => job.followed === followed)) followed.leave()
    current.current = jobs
    setShown(jobs)
  }, [])

  const follow = useCallback((followed: FollowedJob): ShownJob => ({ key: nextKey.current++, followed }), [])

  const start = (request: JobRequest) =>
    FollowedJob.run(request, () => {
      const ids = idsOf(current.current)
      // One history entry for all jobs of a run. `pushState` fires no `popstate`, which would open the jobs a second time.
      if (ids.length === current.current.length) window.history.pushState(null, '', `#${ids.join(',')}`)
      onChange()
    })

  useEffect(() => {
    const open = () => {
      const ids = idsInAddress()
      if (ids.join() === idsOf(current.current).join()) return
      show(ids.map((id) => follow(FollowedJob.open(id))))
    }
    open()
    window.addEventListener('popstate', open)
    return () => {
      window.removeEventListener('popstate', open)
      show([])
    }
  }, [show, follow])

  return {
    shown,
    run: (requests) => show(requests.map((request) => follow(start(request)))),
    runAgain: (job) => {
      const { request } = job.followed.view()
      if (!request) return
      show(current.current.map((each) => (each === job ? { key: job.key, followed: start(request) } : each)))
    },
    close: (id) => {
      show(current.current.filter(({ followed }) => followed.jobId !== id))
      window.history.replaceState(null, '', `#${idsOf(current.current).join(',')}`)
    },
  }
}

function idsInAddress(): string[] {
  return decodeURIComponent(location.hash.slice(1)).split(',').filter(Boolean).slice(0, 4)
}

function idsOf(jobs: readonly ShownJob[]): string[] {
  return jobs.flatMap(({ followed }) => followed.jobId ?? [])
}
