import { type Conversation, type FollowedJob, useStore } from '@promptlab/react'
import { memo, useEffect } from 'react'
import { noteFault, shownFault } from '../api.ts'
import { tellGone } from '../gone-jobs.ts'
import { statusOf, toneOf } from './status.ts'
import { Turn, type TurnActions } from './turn.tsx'
import { useBranches } from './use-branches.ts'

interface PaneProps {
  conversation: Conversation
  /** The number of the pane, from 1. */
  number: number
  actions: TurnActions
  /** Undefined: this is the only pane. */
  onClose: (() => void) | undefined
  onNews: (news: string) => void
}

/** One conversation under a head that shows how its last turn stands. */
export function Pane({ conversation, number, actions, onClose, onNews }: PaneProps) {
  const { turns, isLoading } = useStore(conversation)
  const view = useStore(turns.at(-1))
  const asked = view?.metrics?.answeredBy ?? view?.asked
  const name = `${number}, ${asked ? `${asked.provider} · ${asked.model}` : 'a job'}`
  return (
    <article className={`pane ${view?.phase ?? ''} ${view ? toneOf(view) : ''}`} aria-label={`Model ${name}`}>
      <header>
        <h2>
          {asked ? asked.model : isLoading ? '…' : 'New'}
          {asked && asked.provider !== asked.model && <small>{asked.provider}</small>}
        </h2>
        {view && (
          <p className="status">
            <span className="dot" aria-hidden="true" />
            {statusOf(view)}
          </p>
        )}
        {onClose && (
          <button type="button" className="quiet" aria-label={`Close model ${number}`} onClick={onClose}>
            ×
          </button>
        )}
      </header>
      <Turns conversation={conversation} name={name} actions={actions} onNews={onNews} />
    </article>
  )
}

interface TurnsProps extends Pick<PaneProps, 'conversation' | 'actions' | 'onNews'> {
  name: string
}

/** The turns of a conversation, oldest first. */
const Turns = memo(({ conversation, name, actions, onNews }: TurnsProps) => {
  const { turns, earlier, isLoading, fault } = useStore(conversation)
  const last = turns.at(-1)
  const branches = useBranches(conversation)
  useEffect(() => {
    if (!fault) return
    noteFault(fault)
    if (fault.status === 404 && conversation.id !== undefined) tellGone([conversation.id])
  }, [fault, conversation])
  return (
    <>
      {earlier === 'more' && (
        <button type="button" className="quiet earlier" disabled={isLoading} onClick={() => conversation.loadEarlier()}>
          {isLoading ? 'Loading earlier turns …' : 'Earlier turns'}
        </button>
      )}
      {earlier === 'deleted' && <p className="notice">Earlier turns of this conversation were deleted.</p>}
      {turns.map((turn, index) => (
        <Turn
          key={keyOf(turn)}
          turn={turn}
          name={name}
          isLast={turn === last}
          isShared={actions.isShared(turn, index)}
          branches={turn.id === undefined ? undefined : branches.get(turn.id)}
          actions={actions}
          onNews={onNews}
        />
      ))}
      {isLoading && turns.length === 0 && <p className="notice">Loading …</p>}
      {fault?.status === 404 && <p className="notice">This job was deleted, or it is another caller’s.</p>}
      {fault && fault.status !== 404 && (
        <div className="fault" role="alert">
          <p>
            <strong>{fault.code}</strong> {shownFault(fault).message}
          </p>
          <button type="button" onClick={() => conversation.resume()}>
            Try again
          </button>
        </div>
      )}
    </>
  )
})

const keys = new WeakMap<FollowedJob, number>()
let nextKey = 0

/** A React key for a turn, which has no id before its job is created. */
function keyOf(turn: FollowedJob): number {
  const key = keys.get(turn) ?? nextKey++
  keys.set(turn, key)
  return key
}
