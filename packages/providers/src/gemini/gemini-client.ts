import {
  type GenerateContentRequest,
  GoogleGenerativeAI,
  GoogleGenerativeAIError,
  GoogleGenerativeAIFetchError,
} from '@google/generative-ai'
import { failureOfTransport, type VendorFailure } from '../vendor-failure.ts'
import { failureOfRefusal } from './gemini-failure.ts'

export { geminiRequest } from './gemini-request.ts'

interface GeminiCall {
  readonly apiKey: string
  readonly baseUrl: string
  /** Sent beside those of the SDK. */
  readonly headers: Readonly<Record<string, string>>
  readonly model: string
  readonly request: GenerateContentRequest
  readonly signal: AbortSignal
}

/**
 * Sends one request through the SDK and waits for the headers. The SDK passes on the fields of a request, and of a
 * chunk, that its types do not know.
 */
export async function askGemini({
  apiKey,
  baseUrl,
  headers,
  model,
  request,
  signal,
}: GeminiCall): Promise<AsyncIterable<unknown>> {
  // The SDK lets us choose no more of its transport than this. The global fetch asks for gzip, which costs time for each
  // token.
  const options = { baseUrl, customHeaders: { ...headers, 'accept-encoding': 'identity' } }
  const generativeModel = new GoogleGenerativeAI(apiKey).getGenerativeModel({ model }, options)
  // A consumer that leaves the iterator early stops nothing in this SDK. Only the signal closes the connection.
  const { stream, response } = await generativeModel.generateContentStream(request, { signal })
  // The SDK also aggregates the stream into one response. Nobody awaits it, so its failure must be caught here.
  response.catch(() => {})
  return stream
}

/** Whether the vendor refused a request because the model does not think. */
export function isThinkingRefused(error: unknown): boolean {
  return error instanceof GoogleGenerativeAIFetchError && error.status === 400 && /thinking/i.test(error.message)
}

/** Says what an error of the SDK means. */
export function geminiFailure(error: unknown, baseUrl: string): VendorFailure {
  if (error instanceof GoogleGenerativeAIFetchError && typeof error.status === 'number') {
    const words = wordsOf(error)
    const { origin, pathname } = new URL(baseUrl)
    const address = pathname === '/' ? origin : origin + pathname
    const failure = { ...failureOfRefusal(error.status, error.errorDetails, words), address }
    // The SDK has no words of a body that is not Gemini's: then something else listens at this address.
    if (error.status !== 404 || words) return failure
    return { ...failure, code: 'provider-unavailable', retryable: false, what: `answered 404 at ${address}` }
  }
  if (error instanceof GoogleGenerativeAIError) return failureOfMessage(error.message)
  return failureOfTransport(error)
}

/** The vendor's words, without those that the SDK puts before and behind them. */
function wordsOf({ message, errorDetails }: GoogleGenerativeAIFetchError): string {
  const words = message.replace(/^.*?: \[\d{3}[^\]]*\] /s, '')
  const details = errorDetails ? ` ${JSON.stringify(errorDetails)}` : ''
  return details && words.endsWith(details) ? words.slice(0, -details.length) : words
}

/** The SDK replaces the original error by a sentence and drops the cause, so the sentence is all there is. */
function failureOfMessage(message: string): VendorFailure {
  if (/Error fetching from/.test(message)) return { code: 'provider-unavailable', what: 'could not be reached' }
  if (/Error reading from the stream/.test(message))
    return { code: 'provider-unavailable', what: 'lost the connection' }
  // A body that is no stream of events, such as a bare JSON error. The SDK does not tell its words.
  if (/Failed to parse stream/.test(message))
    return { code: 'provider-malformed', what: 'sent something that is no stream, or half an event' }
  return { code: 'provider-malformed', what: 'sent something unreadable' }
}
