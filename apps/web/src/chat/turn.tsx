import type { Problem } from '@promptlab/client'
import { type FollowedJob, isEnded, isGoingOn, type JobView, useStore } from '@promptlab/react'
import { memo, useEffect, useRef, useState } from 'react'
import { client, noteFault, shownFault } from '../api.ts'
import { type CallResult, ToolResults } from '../composer/tool-results.tsx'
import { tellGone } from '../gone-jobs.ts'
import { Menu } from '../menu.tsx'
import { CopyButton } from '../reading/copy-button.tsx'
import { Answer } from './answer.tsx'
import type { Branches } from './branches.ts'
import { copyText } from './copy.ts'
import { ForkDialog } from './fork-dialog.tsx'
import { GetCode } from './get-code.tsx'
import { Question } from './question.tsx'
import { newsOf, toneOf, turnNotice } from './status.ts'
import { TurnDetails, TurnFigures } from './turn-figures.tsx'
import { answerMarkdown, markdownOf } from './turn-text.ts'

/** What a reader may do with a turn. */
export interface TurnActions {
  /** Whether another pane asks the same question at the same turn. */
  isShared: (turn: FollowedJob, index: number) => boolean
  edit: (turn: FollowedJob, text: string, isForAll: boolean) => void
  rerun: (turn: FollowedJob) => void
  rerunElsewhere: (turn: FollowedJob) => void
  fork: (turn: FollowedJob, fork: { at: number; prompt?: string }) => void
  sendResults: (turn: FollowedJob, results: readonly CallResult[]) => void
  /** The server refused the question of a turn. */
  onRefused: (problem: Problem) => void
  /** Shows the branch that ends with a job. */
  showBranch: (id: string) => void
  /** Undefined: there is one pane. */
  goOnHere: (() => void) | undefined
  goOnWithAll: (() => void) | undefined
}

interface TurnProps {
  turn: FollowedJob
  /** The number of the pane and its model, for screen readers. */
  name: string
  isLast: boolean
  /** Whether other panes ask the same. */
  isShared: boolean
  /** The questions that were asked in the place of this one, and this one. Undefined: there is no other. */
  branches: Branches | undefined
  actions: TurnActions
  /** Called with a sentence for screen readers. */
  onNews: (news: string) => void
}

/** One question above its answer, with its figures and its buttons. A token renders this and nothing else. */
export const Turn = memo(({ turn, name, isLast, isShared, branches, actions, onNews }: TurnProps) => {
  const view = useStore(turn)
  const notice = turnNotice(view)
  const [shown, setShown] = useState<'details' | 'fork' | 'code'>()
  useNews(view, name, onNews)
  const isOver = !isGoingOn(view.phase)
  const goneId = view.phase === 'missing' ? view.id : undefined
  useEffect(() => {
    if (goneId !== undefined) tellGone([goneId])
  }, [goneId])
  return (
    <div className={`turn ${view.phase} ${toneOf(view)}`}>
      <Question
        view={view}
        isShared={isShared}
        branches={branches}
        onBranch={actions.showBranch}
        onEdit={isOver && view.phase !== 'missing' ? (text, isForAll) => actions.edit(turn, text, isForAll) : undefined}
      />
      <Answer view={view} name={name} />
      {isLast && <TurnToolResults view={view} onSend={(results) => actions.sendResults(turn, results)} />}
      {notice !== undefined && <p className="notice">{notice}</p>}
      <TurnFault view={view} onResume={() => turn.resume()} onRefused={actions.onRefused} />
      {(isLast || shown === 'details') && <TurnFigures view={view} />}
      {shown === 'details' && <TurnDetails view={view} />}
      <footer>
        {isOver ? (
          view.job && (
            <button type="button" onClick={() => actions.rerun(turn)}>
              {view.phase === 'completed' ? 'Run again' : 'Retry'}
            </button>
          )
        ) : (
          <button type="button" onClick={() => void turn.stop()}>
            Stop
          </button>
        )}
        <CopyButton text={() => view.text} what="answer" isDisabled={view.text === ''} />
        {isOver && view.job && (
          <TurnMenu
            turn={turn}
            view={view}
            isLast={isLast}
            actions={actions}
            isDetailed={shown === 'details'}
            onShow={setShown}
            onNews={onNews}
          />
        )}
      </footer>
      {shown === 'fork' && (
        <ForkDialog view={view} onFork={(fork) => actions.fork(turn, fork)} onClose={() => setShown(undefined)} />
      )}
      {shown === 'code' && view.job && <GetCode job={view.job} onClose={() => setShown(undefined)} />}
    </div>
  )
})

interface TurnMenuProps extends Pick<TurnProps, 'turn' | 'isLast' | 'actions' | 'onNews'> {
  view: JobView
  isDetailed: boolean
  onShow: (what: 'details' | 'fork' | 'code' | undefined) => void
}

function TurnMenu({ turn, view, isLast, actions, isDetailed, onShow, onNews }: TurnMenuProps) {
  const { rerunElsewhere, goOnHere, goOnWithAll } = actions
  const { id = '' } = view
  const tell = (done: Promise<string>) => void done.then(onNews, () => onNews('The job could not be read.'))
  const items = [
    isLast && goOnHere && { label: 'Reply to this model only', onChoose: goOnHere },
    isLast && goOnWithAll && { label: 'Go on with all models from here', onChoose: goOnWithAll },
    { label: 'Run with another model …', onChoose: () => rerunElsewhere(turn) },
    isEnded(view.phase) && view.text !== '' && { label: 'Fork at a place …', onChoose: () => onShow('fork') },
    {
      label: isDetailed ? 'Hide the details' : 'Usage and details',
      onChoose: () => onShow(isDetailed ? undefined : 'details'),
    },
    { label: 'Get code …', onChoose: () => onShow('code') },
    { label: 'Copy answer as Markdown', onChoose: () => tell(copyText(answerMarkdown(view), 'Markdown')) },
    { label: 'Copy turn as Markdown', onChoose: () => tell(copyText(markdownOf([view]), 'Markdown')) },
    { label: 'Copy job as JSON', onChoose: () => tell(copyJob(id)) },
    { label: 'Open alone', onChoose: () => location.assign(`#${id}`) },
  ]
  return <Menu label="More" items={items.flatMap((item) => item || [])} />
}

async function copyJob(id: string): Promise<string> {
  return await copyText(JSON.stringify(await client.get(id), undefined, 2), 'JSON')
}

/** A field for the result of each tool call, once an answer waits for them. */
function TurnToolResults({ view, onSend }: { view: JobView; onSend: (results: readonly CallResult[]) => void }) {
  const { phase, metrics, parts } = view
  if (phase !== 'completed' || metrics?.finishReason !== 'tool-calls') return null
  const calls = parts.filter((part) => part.type === 'tool-call').filter(({ isComplete }) => isComplete)
  return calls.length > 0 && <ToolResults calls={calls} onSend={async (results) => onSend(results)} />
}

interface TurnFaultProps {
  view: JobView
  onResume: () => void
  onRefused: (problem: Problem) => void
}

function TurnFault({ view: { phase, error }, onResume, onRefused }: TurnFaultProps) {
  useEffect(() => {
    if (!error) return
    noteFault(error)
    if (phase === 'refused' && error.problem && error.status !== 401) onRefused(error.problem)
  }, [error, phase, onRefused])
  if (phase === 'missing') return <p className="notice">This job was deleted.</p>
  if (!error) return null
  const { code, message } = shownFault(error)
  const faults = error.problem?.errors ?? []
  return (
    <div className="fault" role="alert">
      <p>
        <strong>{code}</strong> {message}
      </p>
      {faults.length > 1 && (
        <ul>
          {faults.map(({ path, message }) => (
            <li key={`${path} ${message}`}>
              <code>{path}</code> {message}
            </li>
          ))}
        </ul>
      )}
      {(phase === 'lost' || phase === 'refused') && (
        <button type="button" onClick={onResume}>
          Try again
        </button>
      )}
    </div>
  )
}

/** Tells changes of the phase to screen readers, but not how a job stands that was opened. */
function useNews(view: JobView, name: string, onNews: (news: string) => void): void {
  const { phase } = view
  const latest = useRef({ view, name, onNews })
  latest.current = { view, name, onNews }
  const told = useRef(phase)
  useEffect(() => {
    if (told.current === phase) return
    told.current = phase
    const { view, name, onNews } = latest.current
    const news = newsOf(view)
    if (news !== undefined) onNews(`Model ${name}: ${news}`)
  }, [phase])
}
