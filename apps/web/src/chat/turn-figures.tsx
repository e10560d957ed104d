import { isGoingOn, type JobView } from '@promptlab/react'
import { useEffect, useRef, useState } from 'react'
import { costText } from './cost-text.ts'
import { billedTokens, firstTokenMs, seconds, tokensPerSecond, usageText } from './figures.ts'
import { TokenPlot } from './token-plot.tsx'
import { NO_SAMPLES, type TokenSamples, withSample } from './token-samples.ts'

/** The figures of a turn: a line, and on request everything that the server has measured. */
export function TurnFigures({ view }: { view: JobView }) {
  const { metrics } = view
  const samples = useTokenSamples(view)
  const waitedMs = useElapsed(view)
  const firstMs = firstTokenMs(view)
  const rate = tokensPerSecond(view, samples)
  const isOver = !isGoingOn(view.phase)
  return (
    <div className="figures">
      <dl>
        <Figure name="First token">
          {firstMs !== undefined ? seconds(firstMs) : isOver ? '–' : seconds(waitedMs)}
        </Figure>
        <Figure name="Tokens/s">{rate === undefined ? '–' : rate.toFixed(1)}</Figure>
        <Figure name="Tokens">{metrics ? billedTokens(metrics) : view.tokens}</Figure>
        {metrics?.cost && <Figure name="Cost">{costText(metrics.cost)}</Figure>}
      </dl>
      <TokenPlot samples={samples} />
    </div>
  )
}

/** Everything that the server has measured of a job that has ended. */
export function TurnDetails({ view }: { view: JobView }) {
  const { metrics, id } = view
  if (!metrics) return null
  const usage = usageText(metrics)
  const { calls = [] } = metrics
  return (
    <dl className="details">
      {id !== undefined && (
        <Figure name="Job">
          <code>{id}</code>
        </Figure>
      )}
      <Figure name="Duration">{seconds(metrics.durationMs)}</Figure>
      <Figure name="In line before">{seconds(metrics.queuedMs)}</Figure>
      {usage !== undefined && <Figure name="Billed tokens">{usage}</Figure>}
      {metrics.finishReason !== undefined && <Figure name="Finish reason">{metrics.finishReason}</Figure>}
      <Figure name={metrics.attempts === 1 ? 'Call of the vendor' : 'Calls of the vendor'}>
        {calls.length === 0
          ? metrics.attempts
          : calls.map(({ provider, model, startedAt, endedBecause, cost }) => (
              <span key={startedAt} className="call">
                {provider} · {model}: {endedBecause ?? 'goes on'}
                {cost?.usd !== undefined && `, ${costText(cost)}`}
              </span>
            ))}
      </Figure>
    </dl>
  )
}

function Figure({ name, children }: { name: string; children: React.ReactNode }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  )
}

/** The growth of the token count, as far as this page saw it. */
function useTokenSamples({ tokens, startedAt, firstTextMs, phase }: JobView): TokenSamples {
  const samples = useRef(NO_SAMPLES)
  // Of a job that was opened, the tokens so far come at once: there is no growth to show.
  if (firstTextMs !== undefined && (isGoingOn(phase) || samples.current !== NO_SAMPLES))
    samples.current = withSample(samples.current, { atMs: performance.now() - startedAt, tokens })
  return samples.current
}

/** Milliseconds since the job was asked for, updated ten times a second until the first token. */
function useElapsed({ startedAt, phase, firstTextMs }: JobView): number {
  const isWaiting = isGoingOn(phase) && firstTextMs === undefined
  const [now, setNow] = useState(() => performance.now())
  useEffect(() => {
    if (!isWaiting) return
    const timer = setInterval(() => setNow(performance.now()), 100)
    return () => clearInterval(timer)
  }, [isWaiting])
  return Math.max(0, now - startedAt)
}
