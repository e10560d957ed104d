import type { ForkRequest, JobChanges, JobRequest, PromptLabClient } from '@promptlab/client'
import { useEffect, useMemo, useRef } from 'react'
import { askedOf } from './asked-of.ts'
import { useClient } from './client-context.ts'
import { FollowedJob, type StartJob } from './followed-job.ts'
import type { Asked, JobView } from './job-view.ts'
import { useShown } from './use-shown.ts'
import { useStore } from './use-store.ts'
import { useTellId } from './use-tell-id.ts'

/** What `useJob` shows, and to whom it tells. */
export interface UseJobOptions {
  /**
   * The job to show. Another id shows another job, and none after one shows none. The id that `onCreated` was called with keeps the
   * job as it is.
   */
  readonly id?: string | undefined
  /** Default: the client of the `PromptLabProvider`. Another client shows another job, so make it outside of components. */
  readonly client?: PromptLabClient | undefined
  /** Called with the id of a job that this hook has created, for example to put it into the address and into `id`. */
  readonly onCreated?: ((id: string) => void) | undefined
}

/** A job, and what can be done with it. */
export interface UseJob {
  /** The job; undefined while there is none. */
  readonly job: JobView | undefined
  /** Creates a job and shows it. */
  readonly create: (request: JobRequest) => void
  /**
   * Creates a job of the same input as the one that is shown, and shows it.
   * @throws TypeError there is no job yet
   */
  readonly rerun: (changes?: JobChanges) => void
  /**
   * Creates a job that goes on from a place in the answer of the one that is shown, and shows it.
   * @throws TypeError there is no job yet
   */
  readonly fork: (request: ForkRequest) => void
  /** Cancels the job, which keeps what it has said. */
  readonly cancel: () => Promise<void>
  /** Goes on after `refused` or `lost`. */
  readonly resume: () => void
}

/**
 * One job: create it, read its answer as it grows, cancel it, and find it again by its id after a reload. Nothing is requested
 * while React renders, so the hook works on a server, too.
 */
export function useJob({ id, client: given, onCreated }: UseJobOptions = {}): UseJob {
  const client = useClient(given)
  const [followed, show] = useShown<FollowedJob | undefined>(client, id, () =>
    id === undefined ? undefined : FollowedJob.of(client, id),
  )
  const view = useStore(followed)

  // Also when React mounts a component a second time, as in strict mode.
  useEffect(() => {
    followed?.resume()
    return () => followed?.leave()
  }, [followed])
  /** The job that was created last; undefined while the component is not mounted. */
  const created = useRef<{ job: FollowedJob | undefined }>(undefined)
  useEffect(() => {
    const own: { job: FollowedJob | undefined } = { job: undefined }
    created.current = own
    return () => {
      own.job?.leave()
      created.current = undefined
    }
  }, [])
  useTellId(view?.id, id, onCreated)

  return useMemo(() => {
    const start = (begin: StartJob, asked: Asked) => {
      const next = FollowedJob.start(client, begin, asked)
      // Of two jobs that are created in one turn React shows only the second one, so that no effect leaves the first one.
      created.current?.job?.leave()
      if (created.current) created.current.job = next
      else next.leave()
      show(next)
    }
    const shown = () => {
      if (followed?.id === undefined) throw new TypeError('There is no job yet.')
      return { followed, id: followed.id }
    }
    return {
      job: view,
      create: (request) => start((options) => client.create(request, options), request),
      rerun: (changes = {}) => {
        const of = shown()
        start((options) => client.rerun(of.id, changes, options), askedOf(of.followed, changes))
      },
      fork: (request) => {
        const of = shown()
        start((options) => client.fork(of.id, request, options), askedOf(of.followed, request))
      },
      cancel: async () => followed?.stop(),
      resume: () => followed?.resume(),
    }
  }, [view, followed, client, show])
}
