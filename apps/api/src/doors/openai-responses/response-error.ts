import type { JobError } from '@promptlab/contract'
import { type OpenAiError, openAiErrorOf } from '../openai-error.ts'

/** The error of a failed job. SDKs demand all four fields, in this object too. */
export function responseError({ code, message }: JobError): OpenAiError {
  return openAiErrorOf({ code, message, faults: undefined })
}
