import type { JobMetrics, JobStatus, JobSummary } from '@promptlab/client'
import { outcomeOf } from '../chat/outcome.ts'
import { counted } from '../counted.ts'
import type { JobGroup } from './job-groups.ts'

/** What a row says of its jobs. */
export interface RowText {
  /** The first question that is known. Never empty. */
  readonly question: string
  readonly status: string
  /** The classes of the dot. */
  readonly tone: string
  /** How many jobs of which kind, and models. */
  readonly about: string
}

/** Of several jobs in different states, the row tells the first one of these. */
const ORDER: readonly JobStatus[] = ['running', 'pending', 'failed', 'cancelled', 'completed']

export function rowText(group: JobGroup): RowText {
  const { jobs } = group
  const oldest = jobs.at(-1)
  const question = oldest ? excerptOf(oldest) : ''
  const told = jobs.toSorted((one, other) => ORDER.indexOf(one.status) - ORDER.indexOf(other.status))[0]
  if (!told) return { question, status: '', tone: '', about: aboutOf(group) }
  // A conversation is where its newest turn is, however an earlier one ended.
  const shown = group.kind === 'conversation' ? (jobs[0] ?? told) : told
  const outcome = outcomeOf(shown.status, metricsOf(shown))
  const alike = jobs.filter(({ status }) => status === shown.status).length
  const isMixed = (group.kind === 'comparison' || group.kind === 'grid') && alike < jobs.length
  const word = outcome?.word.toLowerCase() ?? shown.status
  return {
    question,
    status: isMixed ? `${alike} of ${jobs.length} ${shown.status}` : word,
    tone: `${shown.status} ${outcome?.tone ?? ''}`,
    about: aboutOf(group),
  }
}

function aboutOf({ kind, jobs, turns, isCut, address }: JobGroup): string {
  const models = [...new Set(jobs.map(({ model }) => model))]
  const named = models.length > 1 ? `${models.length} models` : (models[0] ?? '')
  const many = `${turns}${isCut ? '+' : ''} turns`
  switch (kind) {
    case 'job':
      return named
    case 'conversation':
      return turns > 1 ? `${many} · ${named}` : `${jobs.length} versions · ${named}`
    case 'comparison':
      return `${turns > 1 ? `${many} · ` : ''}${named || `${address.split(',').length} answers`}`
    case 'grid':
      return `${counted(jobs.length, 'answer')}, ${counted(models.length, 'model')}`
  }
}

/** The beginning of the prompt. Never empty, as it is the text of a link: a prompt may begin with a long blank. */
function excerptOf({ prompt, promptLength }: JobSummary): string {
  const text = `${prompt.trim()}${promptLength > prompt.length ? '…' : ''}`
  return text === '' ? 'Without text' : text
}

function metricsOf(job: JobSummary): JobMetrics | undefined {
  return 'metrics' in job ? job.metrics : undefined
}
