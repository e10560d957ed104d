import type { AnswerPart, JobPhase, JobView } from '@promptlab/react'
import { billedTokens } from './figures.ts'
import { noticeOf, outcomeOf } from './outcome.ts'

const WORDS: Readonly<Record<JobPhase, string>> = {
  creating: 'Sending',
  waiting: 'Waiting for the first token',
  running: 'Streaming',
  completed: 'Completed',
  failed: 'Failed',
  cancelled: 'Stopped',
  refused: 'Not sent',
  lost: 'Not connected',
  missing: 'Deleted',
}

/** What a model does while it is at a part that is no text. */
const DOING: Readonly<Partial<Record<AnswerPart['type'], string>>> = {
  reasoning: 'Reasoning',
  'tool-call': 'Calling a tool',
}

const TIME = new Intl.DateTimeFormat(undefined, { hour: 'numeric', minute: '2-digit', second: '2-digit' })

/** Where a turn stands, in a few words. */
export function statusOf({ phase, parts, metrics, isReconnecting, waitingFor }: JobView): string {
  if (isReconnecting) return 'Reconnecting …'
  if (waitingFor && phase === 'waiting') {
    const why = waitingFor.reason === 'rate-limit' ? 'Rate limit of the vendor' : 'Vendor overloaded'
    return `${why}: again at ${TIME.format(new Date(waitingFor.until))}`
  }
  const doing = phase === 'running' ? DOING[parts.at(-1)?.type ?? 'text'] : undefined
  return doing ?? outcomeOf(statusOfPhase(phase), metrics)?.word ?? WORDS[phase]
}

/** The tone of a turn, which is a class of the page. */
export function toneOf({ phase, metrics }: JobView): string {
  return outcomeOf(statusOfPhase(phase), metrics)?.tone ?? ''
}

/** The sentence that a reader must know besides the answer. */
export function turnNotice({ phase, metrics, parts }: JobView): string | undefined {
  const outcome = outcomeOf(statusOfPhase(phase), metrics)
  return outcome && noticeOf(outcome, parts)
}

/** A change of phase in words, for screen readers. Single tokens are not told. */
export function newsOf(view: JobView): string | undefined {
  const { phase, metrics, tokens, error } = view
  const outcome = outcomeOf(statusOfPhase(phase), metrics)
  if (outcome) {
    const notice = turnNotice(view)
    const count = metrics ? billedTokens(metrics) : tokens
    return `${outcome.word.toLowerCase()} with ${count} tokens.${notice === undefined ? '' : ` ${notice}`}`
  }
  if (phase === 'running') return 'answering.'
  if (phase === 'cancelled') return 'stopped.'
  const isFault = phase === 'failed' || phase === 'refused' || phase === 'lost'
  return isFault ? `${WORDS[phase].toLowerCase()}. ${error?.message ?? ''}` : undefined
}

function statusOfPhase(phase: JobPhase) {
  return phase === 'completed' ? phase : 'starting'
}
