import type { JobSummary } from '@promptlab/client'
import { useMemo, useRef } from 'react'
import { type DaySection, sectionsOf } from './day-sections.ts'
import { groupsOf, type JobGroup } from './job-groups.ts'

interface Sections {
  readonly groups: readonly JobGroup[]
  readonly sections: readonly DaySection[]
}

/** The rows of the jobs that are not hidden. What has not changed stays the same object, so that it is not rendered again. */
export function useSections(jobs: readonly JobSummary[], hidden: ReadonlySet<string>): Sections {
  const earlier = useRef<Sections>({ groups: [], sections: [] })
  return useMemo(() => {
    const visible = hidden.size === 0 ? jobs : jobs.filter(({ id }) => !hidden.has(id))
    const groups = groupsOf(visible, earlier.current.groups)
    earlier.current = { groups, sections: sectionsOf(groups, earlier.current.sections) }
    return earlier.current
  }, [jobs, hidden])
}
