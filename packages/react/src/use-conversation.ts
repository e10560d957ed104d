import type { ForkRequest, JobChanges, PromptLabClient } from '@promptlab/client'
import { useEffect, useMemo } from 'react'
import { useClient } from './client-context.ts'
import { Conversation, type ConversationView, type TurnRequest } from './conversation.ts'
import type { FollowedJob } from './followed-job.ts'
import { useShown } from './use-shown.ts'
import { useStore } from './use-store.ts'
import { useTellId } from './use-tell-id.ts'

/** What `useConversation` shows, and to whom it tells. */
export interface UseConversationOptions {
  /**
   * The newest job of the conversation to show. Another id shows another conversation, and none after one a new conversation. The
   * id that `onId` was called with keeps the conversation as it is.
   */
  readonly id?: string | undefined
  /** Default: the client of the `PromptLabProvider`. Another client shows another conversation, so make it outside of components. */
  readonly client?: PromptLabClient | undefined
  /** Called with the id of the newest job when it is created, for example to put it into the address and into `id`. */
  readonly onId?: ((id: string) => void) | undefined
}

/** A conversation, and what can be done with it. */
export interface UseConversation extends ConversationView {
  /** Asks the next question. */
  readonly send: (request: TurnRequest) => void
  /** Asks another question in the place of the one of a turn. The former branch stays on the server. */
  readonly edit: (turn: FollowedJob, request: TurnRequest) => void
  /**
   * Asks the question of a turn again, also of another model.
   * @throws TypeError the turn has no job yet
   */
  readonly rerun: (turn: FollowedJob, changes?: JobChanges) => void
  /**
   * Goes on from a place in the answer of a turn.
   * @throws TypeError the turn has no job yet
   */
  readonly fork: (turn: FollowedJob, request: ForkRequest) => void
  /** Loads turns before the first one here, if `earlier` is `more`. */
  readonly loadEarlier: () => void
  /** Cancels the job of the last turn, which keeps what it has said. */
  readonly stop: () => Promise<void>
  /** Goes on after a fault: loads again, asks again what was refused, and watches again what was lost. */
  readonly resume: () => void
}

/**
 * A conversation, kept by the server as a chain of jobs: the id of its newest job opens it anywhere, and an answer that grows goes
 * on after a reload. Show each turn with `useStore(turn)`, so that a token renders one turn and not the page. Nothing is requested
 * while React renders, so the hook works on a server, too.
 */
export function useConversation({ id, client: given, onId }: UseConversationOptions = {}): UseConversation {
  const client = useClient(given)
  const conversation = useShown(client, id, () => new Conversation(client, id))[0]
  const view = useStore(conversation)

  // Also when React mounts a component a second time, as in strict mode.
  useEffect(() => {
    conversation.resume()
    return () => conversation.leave()
  }, [conversation])
  useTellId(view.id, id, onId)

  return useMemo(
    () => ({
      ...view,
      send: (request) => void conversation.send(request),
      edit: (turn, request) => void conversation.edit(turn, request),
      rerun: (turn, changes) => void conversation.rerun(turn, changes),
      fork: (turn, request) => void conversation.fork(turn, request),
      loadEarlier: () => conversation.loadEarlier(),
      stop: () => conversation.stop(),
      resume: () => conversation.resume(),
    }),
    [view, conversation],
  )
}
