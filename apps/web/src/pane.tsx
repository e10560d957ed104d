import { useEffect, useRef, useState, useSyncExternalStore } from 'react'
import { Answer } from './answer.tsx'
import type { AnswerPart } from './answer-parts.ts'
import { costText } from './cost-text.ts'
import type { FollowedJob } from './followed-job.ts'
import { noticeOf, outcomeOf } from './outcome.ts'
import { firstTokenMs, isOver, type PaneView, seconds, tokensPerSecond } from './pane-view.ts'
import { TokenPlot } from './token-plot.tsx'

interface PaneProps {
  followed: FollowedJob
  /** The number of the pane, from 1. */
  number: number
  onRetry: () => void
  /** Called with a sentence for screen readers when the answer begins and when the job has ended. */
  onNews: (news: string) => void
}

const WORDS: Readonly<Record<PaneView['phase'], string>> = {
  starting: 'Waiting for the first token',
  running: 'Streaming',
  completed: 'Completed',
  failed: 'Failed',
  cancelled: 'Stopped',
}

/** What a model does while it is at a part that is no text. */
const DOING: Readonly<Partial<Record<AnswerPart['type'], string>>> = {
  reasoning: 'Reasoning',
  'tool-call': 'Calling a tool',
}

/** One job: its answer, its figures and its buttons. */
export function Pane({ followed, number, onRetry, onNews }: PaneProps) {
  const view = useSyncExternalStore(followed.subscribe, followed.view)
  const { request, phase } = view
  const name = `${number}, ${request ? `${request.provider} · ${request.model}` : 'a job'}`
  const outcome = outcomeOf(phase, view.metrics)
  const notice = outcome && noticeOf(outcome, view.parts)
  useNews(view, name, onNews)
  return (
    <article className={`pane ${phase} ${outcome?.tone ?? ''}`} aria-label={`Model ${name}`}>
      <header>
        <h2>
          {request ? request.model : '…'}
          {request && request.provider !== request.model && <small>{request.provider}</small>}
        </h2>
        <p className="status">
          <span className="dot" aria-hidden="true" />
          {statusOf(view)}
        </p>
      </header>
      <Figures view={view} />
      <Answer view={view} name={name} />
      {notice && <p className="notice">{notice}</p>}
      {view.error && (
        <p className="fault" role="alert">
          <strong>{view.error.code}</strong> {view.error.message}
        </p>
      )}
      <footer>
        {isOver(view) ? (
          <button type="button" disabled={!request} onClick={onRetry}>
            {phase === 'completed' ? 'Run again' : 'Retry'}
          </button>
        ) : (
          <button type="button" onClick={() => void followed.stop()}>
            Stop
          </button>
        )}
        <CopyButton text={view.text} />
        {view.jobId && (
          <a href={`#${view.jobId}`} className="quiet">
            Link to job
          </a>
        )}
      </footer>
    </article>
  )
}

function statusOf({ phase, parts, metrics, isReconnecting }: PaneView): string {
  if (isReconnecting) return 'Reconnecting …'
  const doing = phase === 'running' ? DOING[parts.at(-1)?.type ?? 'text'] : undefined
  return doing ?? outcomeOf(phase, metrics)?.word ?? WORDS[phase]
}

function Figures({ view }: { view: PaneView }) {
  const waitedMs = useElapsed(view)
  const firstMs = firstTokenMs(view)
  const rate = tokensPerSecond(view)
  return (
    <div className="figures">
      <dl>
        <div>
          <dt>First token</dt>
          <dd>{firstMs !== undefined ? seconds(firstMs) : isOver(view) ? '–' : seconds(waitedMs)}</dd>
        </div>
        <div>
          <dt>Tokens/s</dt>
          <dd>{rate === undefined ? '–' : rate.toFixed(1)}</dd>
        </div>
        <div>
          <dt>Tokens</dt>
          <dd>{view.metrics?.tokenCount ?? view.tokens}</dd>
        </div>
        {view.metrics?.cost && (
          <div>
            <dt>Cost</dt>
            <dd>{costText(view.metrics.cost)}</dd>
          </div>
        )}
      </dl>
      <TokenPlot samples={view.samples} />
    </div>
  )
}

function CopyButton({ text }: { text: string }) {
  const [said, setSaid] = useState('Copy')
  useEffect(() => {
    if (said === 'Copy') return
    const timer = setTimeout(() => setSaid('Copy'), 1_500)
    return () => clearTimeout(timer)
  }, [said])
  const copy = () =>
    // `navigator.clipboard` is undefined in pages that were loaded over plain HTTP.
    Promise.resolve(navigator.clipboard?.writeText(text) ?? Promise.reject()).then(
      () => setSaid('Copied'),
      () => setSaid('Copy failed'),
    )
  return (
    <button type="button" className="quiet" disabled={text === ''} onClick={() => void copy()}>
      {said}
    </button>
  )
}

/** Milliseconds since the job was requested, updated ten times a second until the first token. */
function useElapsed(view: PaneView): number {
  const { startedAt } = view
  const isWaiting = !isOver(view) && view.firstTokenMs === undefined
  const [now, setNow] = useState(() => performance.now())
  useEffect(() => {
    if (!isWaiting) return
    const timer = setInterval(() => setNow(performance.now()), 100)
    return () => clearInterval(timer)
  }, [isWaiting])
  return Math.max(0, now - startedAt)
}

/** Reports changes of the job's phase to screen readers. Single tokens are not reported. */
function useNews(view: PaneView, name: string, onNews: (news: string) => void): void {
  const { phase } = view
  const latest = useRef({ view, name, onNews })
  latest.current = { view, name, onNews }
  useEffect(() => {
    const { view, name, onNews } = latest.current
    const news = newsOf(phase, view)
    if (news !== undefined) onNews(`Model ${name}: ${news}`)
  }, [phase])
}

function newsOf(phase: PaneView['phase'], { tokens, parts, metrics, error }: PaneView): string | undefined {
  const outcome = outcomeOf(phase, metrics)
  if (outcome) {
    const notice = noticeOf(outcome, parts)
    return `${outcome.word.toLowerCase()} with ${tokens} tokens.${notice === undefined ? '' : ` ${notice}`}`
  }
  if (phase === 'running') return 'answering.'
  if (phase === 'cancelled') return 'stopped.'
  return phase === 'failed' ? `failed. ${error?.message ?? ''}` : undefined
}
