import { useEffect, useLayoutEffect, useRef, useState, useSyncExternalStore } from 'react'
import type { FollowedJob } from './followed-job.ts'
import { Markdown } from './markdown.tsx'
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

/** One job: its answer, its figures and its buttons. */
export function Pane({ followed, number, onRetry, onNews }: PaneProps) {
  const view = useSyncExternalStore(followed.subscribe, followed.view)
  const { request, phase } = view
  const name = `${number}, ${request ? `${request.provider} · ${request.model}` : 'a job'}`
  useNews(view, name, onNews)
  return (
    <article className={`pane ${phase}`} aria-label={`Model ${name}`}>
      <header>
        <h2>
          {request ? request.model : '…'}
          {request && request.provider !== request.model && <small>{request.provider}</small>}
        </h2>
        <p className="status">
          <span className="dot" aria-hidden="true" />
          {view.isReconnecting ? 'Reconnecting …' : WORDS[phase]}
        </p>
      </header>
      <Figures view={view} />
      <Text view={view} name={name} />
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
      </dl>
      <TokenPlot samples={view.samples} />
    </div>
  )
}

/** The text. The view follows the end of the growing text unless the reader has scrolled up. */
function Text({ view, name }: { view: PaneView; name: string }) {
  const box = useRef<HTMLDivElement>(null)
  const isAtEnd = useRef(true)
  useLayoutEffect(() => {
    if (view.text !== '' && box.current && isAtEnd.current) box.current.scrollTop = box.current.scrollHeight
  }, [view.text])
  return (
    <section
      ref={box}
      className="text"
      aria-label={`Answer of ${name}`}
      aria-busy={!isOver(view)}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: keyboard users must be able to scroll the text
      tabIndex={0}
      onScroll={({ currentTarget: { scrollHeight, scrollTop, clientHeight } }) => {
        isAtEnd.current = scrollHeight - scrollTop - clientHeight < 40
      }}
    >
      <Markdown text={view.text} />
      {!isOver(view) && view.text === '' && <span className="caret" aria-hidden="true" />}
    </section>
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
function useElapsed({ startedAt, phase }: PaneView): number {
  const [now, setNow] = useState(() => performance.now())
  useEffect(() => {
    if (phase !== 'starting') return
    const timer = setInterval(() => setNow(performance.now()), 100)
    return () => clearInterval(timer)
  }, [phase])
  return Math.max(0, now - startedAt)
}

/** Reports changes of the job's phase to screen readers. Single tokens are not reported. */
function useNews({ phase, tokens, error }: PaneView, name: string, onNews: (news: string) => void): void {
  const latest = useRef({ tokens, error, name, onNews })
  latest.current = { tokens, error, name, onNews }
  useEffect(() => {
    const { tokens, error, name, onNews } = latest.current
    if (phase === 'running') onNews(`Model ${name}: answering.`)
    if (phase === 'completed') onNews(`Model ${name}: completed with ${tokens} tokens.`)
    if (phase === 'cancelled') onNews(`Model ${name}: stopped.`)
    if (phase === 'failed') onNews(`Model ${name}: failed. ${error?.message ?? ''}`)
  }, [phase])
}
