import { memo } from 'react'
import type { TokenSamples } from './token-samples.ts'

const WIDTH = 120
const HEIGHT = 28

/** A line plot of the token count over time. The empty plot has the same size, so nothing moves when the first token arrives. */
export const TokenPlot = memo(({ samples: { all } }: { samples: TokenSamples }) => {
  const last = all.at(-1)
  const points = all.map(({ atMs, tokens }) => {
    const x = (atMs / Math.max(last?.atMs ?? 1, 1)) * WIDTH
    const y = HEIGHT - 2 - (tokens / Math.max(last?.tokens ?? 1, 1)) * (HEIGHT - 4)
    return `${x.toFixed(1)},${y.toFixed(1)}`
  })
  return (
    <svg
      className="plot"
      viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
      preserveAspectRatio="none"
      role="img"
      aria-label="Tokens over time"
    >
      <line x1="0" y1={HEIGHT - 1} x2={WIDTH} y2={HEIGHT - 1} />
      {points.length > 1 && <polyline points={points.join(' ')} />}
    </svg>
  )
})
