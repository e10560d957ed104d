import { useEffect, useRef } from 'react'

interface Progress {
  readonly total: number
  readonly ended: number
  readonly failed: number
  readonly goesOn: boolean
  readonly isListed: boolean
}

/** Tells screen readers of each quarter of a grid that has ended, not of each cell. */
export function useGridNews(progress: Progress, onNews: (news: string) => void): void {
  const { total, ended, goesOn, isListed } = progress
  const quarter = total === 0 ? 0 : Math.floor((ended / total) * 4)
  const latest = useRef({ progress, onNews })
  latest.current = { progress, onNews }
  const told = useRef<number>(undefined)
  useEffect(() => {
    if (!isListed) return
    const { progress, onNews } = latest.current
    const isFirst = told.current === undefined
    told.current = quarter
    if (isFirst || quarter === 0) return
    const failures = progress.failed > 0 ? `, ${progress.failed} of them failed` : ''
    onNews(`${progress.ended} of ${progress.total} jobs have ended${failures}.`)
  }, [quarter, isListed])
  const went = useRef(false)
  useEffect(() => {
    if (went.current && !goesOn && ended < total)
      latest.current.onNews(`Stopped: ${ended} of ${total} jobs have ended.`)
    went.current = goesOn
  }, [goesOn, ended, total])
}
