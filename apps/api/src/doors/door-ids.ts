const UUID = /^([\da-f]{8})-([\da-f]{4})-([\da-f]{4})-([\da-f]{4})-([\da-f]{12})$/
const UUID_DIGITS = /^([\da-f]{8})([\da-f]{4})([\da-f]{4})([\da-f]{4})([\da-f]{12})$/

/** The prefix of an id tells what it names. */
export type IdPrefix = 'resp_' | 'chatcmpl-' | 'msg_' | 'rs_' | 'fc_' | 'call_'

/** The id under which a door knows a job: a prefix, and the digits of the job's id. */
export function doorId(prefix: IdPrefix, jobId: string): string {
  return prefix + jobId.replace(UUID, '$1$2$3$4$5')
}

/** The id of the part of an answer, or of something that is made of it. */
export function partId(prefix: IdPrefix, jobId: string, part: number): string {
  return `${doorId(prefix, jobId)}_${part}`
}

/** The id of a message of the input. */
export function inputId(jobId: string, message: number): string {
  return `${doorId('msg_', jobId)}_i${message}`
}

/** The job that an id of a door names; undefined if it is none of ours. */
export function jobIdOf(prefix: IdPrefix, id: string): string | undefined {
  if (!id.startsWith(prefix)) return undefined
  const rest = id.slice(prefix.length)
  return rest === '' ? undefined : rest.replace(UUID_DIGITS, '$1-$2-$3-$4-$5')
}

/** What an id of an item names: a part of an answer, or a message of an input. */
export interface NamedItem {
  readonly jobId: string
  readonly part?: number
  readonly message?: number
}

/** @param id of an item or of a call, as it left a door; undefined if it is none of ours */
export function itemOf(id: string): NamedItem | undefined {
  const [, prefix, job, kind, index] = /^(msg_|rs_|fc_|call_)(.+)_(i?)(\d{1,6})$/.exec(id) ?? []
  const jobId = jobIdOf(prefixOf(prefix), `${prefix}${job}`)
  if (jobId === undefined || index === undefined) return undefined
  return kind === 'i' ? { jobId, message: Number(index) } : { jobId, part: Number(index) }
}

function prefixOf(text: string | undefined): IdPrefix {
  return text === 'rs_' || text === 'fc_' || text === 'call_' ? text : 'msg_'
}
