import type { ApiError } from '../../base/api-error.ts'
import type { DoorRefusal } from '../door-refusal.ts'
import { refuseAsOpenAi } from '../openai-error.ts'

/** Answers with an error as Chat Completions and `/v1/models` do: an unknown model is not found. The Responses API says 400. */
export function refuseAsChat(error: ApiError): DoorRefusal {
  const refusal = refuseAsOpenAi(error)
  const isModel = error.code === 'unknown-model' || error.code === 'unknown-provider'
  return isModel ? { ...refusal, status: 404 } : refusal
}
