import { memo, useState } from 'react'
import { counted } from '../counted.ts'
import { goingOn, type JobGroup } from './job-groups.ts'
import { rowText } from './row-text.ts'

/** Which jobs of a row to delete: those that have ended, or all after those that go on are stopped. */
export type Deletion = 'ended' | 'all'

interface HistoryRowProps {
  group: JobGroup
  isShown: boolean
  onDelete: (group: JobGroup, deletion: Deletion, row: Element | null) => void
}

const TIME = new Intl.DateTimeFormat(undefined, { hour: 'numeric', minute: '2-digit' })
const MOMENT = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short' })

/** A link that opens the jobs of the row, and a button that deletes them. */
export const HistoryRow = memo(function HistoryRow({ group, isShown, onDelete }: HistoryRowProps) {
  const [isAsking, setAsking] = useState(false)
  const { question, status, tone, about } = rowText(group)
  const createdAt = group.jobs[0]?.createdAt ?? ''
  const running = goingOn(group).length
  return (
    <li data-key={group.key}>
      <a href={`#${group.address}`} aria-current={isShown ? 'true' : undefined}>
        <span className="excerpt">{question}</span>
        <span className="about">
          <span className={`dot ${tone}`} aria-hidden="true" />
          {status} ·{' '}
          <time dateTime={createdAt} title={MOMENT.format(new Date(createdAt))}>
            {TIME.format(new Date(createdAt))}
          </time>{' '}
          · {about}
        </span>
      </a>
      <button
        type="button"
        className="quiet"
        aria-label={`Delete “${question}”`}
        aria-expanded={running > 0 ? isAsking : undefined}
        onClick={({ currentTarget }) => {
          if (running > 0) setAsking(!isAsking)
          else onDelete(group, 'ended', currentTarget.closest('li'))
        }}
      >
        ×
      </button>
      {isAsking && running > 0 && (
        <div className="history-ask">
          <p>
            {group.jobs.length === 1
              ? 'It still runs.'
              : `${counted(running, 'job')} of ${group.jobs.length} still ${running === 1 ? 'runs' : 'run'}.`}
          </p>
          <button type="button" onClick={({ currentTarget }) => onDelete(group, 'all', currentTarget.closest('li'))}>
            Stop and delete
          </button>
          {running < group.jobs.length && (
            <button
              type="button"
              onClick={({ currentTarget }) => {
                setAsking(false)
                onDelete(group, 'ended', currentTarget.closest('li'))
              }}
            >
              Delete those that have ended
            </button>
          )}
          <button type="button" className="quiet" onClick={() => setAsking(false)}>
            Keep
          </button>
        </div>
      )}
    </li>
  )
})
