import type { LLMProvider } from '@promptlab/providers'
import { expect } from 'vitest'
import { z } from 'zod'
import { responseEvents } from './response-events.ts'
import { ScriptedProvider } from './scripted-provider.ts'
import { startServer, type TestServer } from './test-server.ts'

export const STOP = { finishReason: 'stop', usage: { inputTokens: 3, outputTokens: 4, cachedInputTokens: 1 } } as const

/** A provider that takes conversations, notes them, and does what its script says. */
export function scripted(...script: ConstructorParameters<typeof ScriptedProvider>) {
  const provider = new ScriptedProvider(...script)
  const asked: unknown[] = []
  const scriptedProvider: LLMProvider = {
    name: provider.name,
    models: provider.models,
    capabilities: {
      messages: true,
      options: ['system', 'temperature', 'tools'],
      imageTypes: ['image/png'],
      fileTypes: [],
      urls: true,
    },
    complete: (prompt, options) => {
      asked.push(prompt)
      return provider.complete('', options)
    },
  }
  return { provider: scriptedProvider, asked }
}

export async function serverOf(...script: ConstructorParameters<typeof ScriptedProvider>): Promise<TestServer> {
  return await startServer({ providers: [scripted(...script).provider] })
}

export function send({ url }: TestServer, path: string, method = 'GET', body?: object): Promise<Response> {
  const json = body && { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }
  return fetch(`${url}/v1/responses${path}`, { method, ...json })
}

export function post(server: TestServer, body: object): Promise<Response> {
  return send(server, '', 'POST', { model: 'script-1', input: 'Hi', ...body })
}

const Shown = z.looseObject({
  id: z.string(),
  status: z.string(),
  output: z.array(z.looseObject({ id: z.string(), type: z.string() })),
})

export async function shown(answer: Response | Promise<Response>) {
  const response = await answer
  expect(response.status).toBe(200)
  return Shown.parse(await response.json())
}

const Refusal = z.strictObject({
  error: z.strictObject({ message: z.string(), type: z.string(), param: z.string().nullable(), code: z.string() }),
})

export async function refusalOf(answer: Promise<Response>) {
  const response = await answer
  return { status: response.status, ...Refusal.parse(await response.json()).error }
}

export async function eventsOf(answer: Response | Promise<Response>) {
  const response = await answer
  expect(response.headers.get('content-type')).toMatch(/^text\/event-stream/)
  return responseEvents((await response.text()).replaceAll(': ping\n\n', ''))
}
