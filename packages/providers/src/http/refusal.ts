import type { AnswerHeaders, HttpAnswer } from './http-answer.ts'

/** An answer that is no success. */
export interface Refusal {
  readonly status: number
  readonly headers: AnswerHeaders
  readonly text: string
  /** Where the request went, without its query. */
  readonly address: string
}

/** Reads the whole body of such an answer. @param url where the request went */
export async function refusalOf(answer: HttpAnswer, { origin, pathname }: URL): Promise<Refusal> {
  const { status, headers } = answer
  return { status, headers, text: await answer.text(), address: origin + pathname }
}
