import { isFinalJob } from '@promptlab/client'
import { type RefObject, useCallback, useEffect, useRef } from 'react'
import type { Deletions, PendingDeletion } from './deletions.ts'
import type { Deletion } from './history-row.tsx'
import type { JobGroup } from './job-groups.ts'
import { rowText } from './row-text.ts'

/** Deletes rows and takes deletions back, and puts the focus where somebody goes on who does that with the keyboard. */
export function useDeletion(
  deletions: Deletions,
  list: RefObject<HTMLElement | null>,
  groups: readonly JobGroup[],
  onDeleted: (id: string) => void,
) {
  const deleted = useRef(onDeleted)
  deleted.current = onDeleted
  const undone = useRef<readonly string[]>([])

  const remove = useCallback(
    async (group: JobGroup, deletion: Deletion, row: Element | null) => {
      const { question } = rowText(group)
      if (deletion === 'all' && !(await deletions.stop(question, group.jobs))) return
      const jobs = deletion === 'all' ? group.jobs : group.jobs.filter(isFinalJob)
      focusBeside(row, list.current)
      deletions.delete(
        question,
        jobs.map(({ id }) => id),
      )
      for (const { id } of jobs) deleted.current(id)
    },
    [deletions, list],
  )

  const undo = useCallback(
    (deletion: PendingDeletion) => {
      undone.current = deletion.ids
      deletions.undo(deletion.key)
    },
    [deletions],
  )
  // The row is here again with the next frame.
  useEffect(() => {
    const group = groups.find(({ key }) => undone.current.includes(key))
    if (!group) return
    undone.current = []
    list.current?.querySelector<HTMLElement>(`[data-key="${CSS.escape(group.key)}"] a`)?.focus()
  }, [groups, list])

  return { remove, undo }
}

/** Focuses the row below the one that goes, or the one above it. */
function focusBeside(row: Element | null, list: HTMLElement | null): void {
  const links = [...(list?.querySelectorAll<HTMLElement>('li > a') ?? [])]
  const index = links.findIndex((link) => row?.contains(link))
  const field = list?.closest('nav')?.querySelector<HTMLElement>('input[type=search]')
  ;(links[index + 1] ?? links[index - 1] ?? field)?.focus()
}
