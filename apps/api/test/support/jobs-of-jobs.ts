import { Job } from '@promptlab/contract'
import type { LLMProvider, Message } from '@promptlab/providers'
import {
  type Exchange,
  type LoopbackVendor,
  startAnthropicVendor,
  startGeminiVendor,
  startResponsesVendor,
} from '@promptlab/providers/testing/vendors'
import { onTestFinished } from 'vitest'

/** A provider with messages, tools and images, that says what a test gives it and remembers what it was asked. */
export class Speaker implements LLMProvider {
  readonly name: string
  readonly models = ['m', 'n']
  readonly capabilities = {
    messages: true,
    options: ['system', 'temperature', 'maxTokens', 'tools', 'toolChoice', 'vendor'] as const,
    imageTypes: ['image/png'],
    fileTypes: [],
    urls: false,
  }
  /** What it was asked, oldest first. */
  readonly asked: (string | readonly Message[])[] = []
  readonly #says: LLMProvider['complete']

  constructor(name: string, says: LLMProvider['complete'] = sayDone) {
    this.name = name
    this.#says = says
  }

  complete(...[prompt, options]: Parameters<LLMProvider['complete']>): ReturnType<LLMProvider['complete']> {
    this.asked.push(prompt)
    return this.#says(prompt, options)
  }
}

async function* sayDone() {
  yield 'Done.'
  return undefined
}

/** The vendors that want something back with an answer, and the environment in which a server calls them. */
export class CarryingVendors {
  readonly env: Record<string, string>
  readonly #vendors: Readonly<Record<string, LoopbackVendor>>

  private constructor(vendors: Readonly<Record<string, LoopbackVendor>>, env: Record<string, string>) {
    this.#vendors = vendors
    this.env = env
  }

  static async start(): Promise<CarryingVendors> {
    const [anthropic, gemini, openai] = await Promise.all([
      startAnthropicVendor(),
      startGeminiVendor(),
      startResponsesVendor(),
    ])
    onTestFinished(async () => void (await Promise.all([anthropic, gemini, openai].map((vendor) => vendor.close()))))
    const env = {
      ANTHROPIC_API_KEY: 'key',
      ANTHROPIC_BASE_URL: anthropic.url,
      GEMINI_API_KEY: 'key',
      GEMINI_BASE_URL: gemini.url,
      OPENAI_API_KEY: 'key',
      OPENAI_BASE_URL: openai.url,
      OPENAI_API: 'responses',
    }
    return new CarryingVendors({ anthropic, gemini, openai }, env)
  }

  /** From now on, a vendor answers so. */
  answer(provider: string, say: (exchange: Exchange) => void): void {
    this.#vendors[provider]?.respondWith((exchange) => {
      say(exchange)
      exchange.finish()
    })
  }

  /** The next body that a vendor gets, as JSON text. */
  nextBody(provider: string): Promise<string> {
    const { promise, resolve } = Promise.withResolvers<string>()
    this.answer(provider, (exchange) => {
      resolve(JSON.stringify(exchange.body))
      exchange.sendToken('Done.')
    })
    return promise
  }
}

/** Makes a job of another one. */
export function postTo(
  url: string,
  id: string,
  route: 'rerun' | 'fork',
  body?: object,
  headers: Record<string, string> = {},
): Promise<Response> {
  const type = body && { 'content-type': 'application/json' }
  const init = { method: 'POST', headers: { ...type, ...headers }, ...(body && { body: JSON.stringify(body) }) }
  return fetch(`${url}/jobs/${id}/${route}`, init)
}

/** The same, and waits for the end of the new job. */
export async function finishedOf(url: string, id: string, route: 'rerun' | 'fork', body?: object): Promise<Job> {
  const response = await postTo(url, id, route, body, { prefer: 'wait=30' })
  if (response.status !== 200) throw new Error(`${route} answered ${response.status}: ${await response.text()}`)
  return Job.parse(await response.json())
}
