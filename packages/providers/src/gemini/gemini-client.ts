import {
  type GenerationConfig,
  GoogleGenerativeAI,
  GoogleGenerativeAIError,
  GoogleGenerativeAIFetchError,
} from '@google/generative-ai'
import type { CompletionOptions } from '../llm-provider.ts'
import { failureOfTransport, type VendorFailure } from '../vendor-failure.ts'
import { failureOfRefusal, type GeminiChunk } from './gemini-failure.ts'

interface GeminiCall extends CompletionOptions {
  readonly apiKey: string
  readonly baseUrl: string
  readonly prompt: string
}

/** Sends one request through the SDK and waits for the headers. */
export async function askGemini(call: GeminiCall): Promise<AsyncGenerator<GeminiChunk>> {
  const { apiKey, baseUrl, prompt, model, system, temperature, maxTokens, signal } = call
  const generationConfig: GenerationConfig = {
    ...(temperature !== undefined && { temperature }),
    ...(maxTokens !== undefined && { maxOutputTokens: maxTokens }),
  }
  const generativeModel = new GoogleGenerativeAI(apiKey).getGenerativeModel(
    { model, generationConfig, ...(system && { systemInstruction: system }) },
    // The SDK lets us choose no more of its transport than this. The global fetch asks for gzip, which costs time for
    // each token.
    { baseUrl, customHeaders: { 'accept-encoding': 'identity' } },
  )
  // A consumer that leaves the iterator early stops nothing in this SDK. Only the signal closes the connection.
  const { stream, response } = await generativeModel.generateContentStream(prompt, { signal })
  // The SDK also aggregates the stream into one response. Nobody awaits it, so its failure must be caught here.
  response.catch(() => {})
  return stream
}

/** Says what an error of the SDK means. */
export function geminiFailure(error: unknown): VendorFailure {
  if (error instanceof GoogleGenerativeAIFetchError && typeof error.status === 'number') {
    return failureOfRefusal(error.status, error.errorDetails, error.message.replace(/^.*?: \[\d{3}[^\]]*\] /s, ''))
  }
  if (error instanceof GoogleGenerativeAIError) return failureOfMessage(error.message)
  return failureOfTransport(error)
}

/** The SDK replaces the original error by a sentence and drops the cause, so the sentence is all there is. */
function failureOfMessage(message: string): VendorFailure {
  if (/Error fetching from/.test(message)) return { code: 'provider-unavailable', what: 'could not be reached' }
  if (/Error reading from the stream/.test(message))
    return { code: 'provider-unavailable', what: 'lost the connection' }
  return { code: 'provider-malformed', what: 'sent something unreadable' }
}
