import { failureOfSending, VendorFailed } from '../vendor-failure.ts'
import type { HttpAnswer } from './http-answer.ts'
import { type Refusal, refusalOf } from './refusal.ts'
import type { RequestHead } from './request-heads.ts'
import { sendRequest } from './send-request.ts'

/**
 * Sends a request with a JSON body and waits for the headers of the answer.
 *
 * It is not repeated, because only the runner of the job knows whether a token was published.
 * @throws VendorFailed the vendor could not be reached
 */
export async function askVendor(
  { url, headers }: RequestHead,
  body: object,
  signal: AbortSignal,
): Promise<HttpAnswer | Refusal> {
  const request = { method: 'POST', headers, body: JSON.stringify(body), signal }
  const answer = await sendRequest(url, request).catch((error: unknown) => {
    throw new VendorFailed(failureOfSending(error))
  })
  return answer.isOk ? answer : await refusalOf(answer, url)
}
