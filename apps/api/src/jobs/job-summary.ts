import { type Job, JobSummary, LISTED_PROMPT_LENGTH } from '@promptlab/contract'

/** A job as lists show it. */
export function summaryOf(job: Job): JobSummary {
  const { prompt } = job
  return JobSummary.parse({ ...job, prompt: listedPrompt(prompt), promptLength: prompt.length })
}

/**
 * The beginning of a prompt as lists show it. It is a code unit shorter where it would end inside a surrogate pair.
 * @param prompt whole, or its first `LISTED_PROMPT_LENGTH + 1` code units or more
 */
export function listedPrompt(prompt: string): string {
  const isPairCut = (prompt.codePointAt(LISTED_PROMPT_LENGTH - 1) ?? 0) > 0xffff
  return prompt.slice(0, isPairCut ? LISTED_PROMPT_LENGTH - 1 : LISTED_PROMPT_LENGTH)
}
