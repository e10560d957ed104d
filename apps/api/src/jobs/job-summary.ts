import { type Job, type JobOptions, JobSummary, LISTED_TEXT_LENGTH, ListedOptions } from '@promptlab/contract'

/** A job as lists show it. */
export function summaryOf(job: Job): JobSummary {
  const { prompt, options } = job
  return JobSummary.parse({
    ...job,
    prompt: listedText(prompt),
    promptLength: prompt.length,
    ...(options && { options: listedOptions(options) }),
  })
}

/** The options of a job as lists show them. */
export function listedOptions(options: JobOptions): ListedOptions {
  const { system } = options
  return ListedOptions.parse({
    ...options,
    ...(system !== undefined && { system: listedText(system), systemLength: system.length }),
  })
}

/**
 * The beginning of a text as lists show it. It is a code unit shorter where it would end inside a surrogate pair.
 * @param text whole, or its first `LISTED_TEXT_LENGTH + 1` code units or more
 */
export function listedText(text: string): string {
  const isPairCut = (text.codePointAt(LISTED_TEXT_LENGTH - 1) ?? 0) > 0xffff
  return text.slice(0, isPairCut ? LISTED_TEXT_LENGTH - 1 : LISTED_TEXT_LENGTH)
}
