import { ScriptedProvider, startServer } from '@promptlab/api/testing'
import { type Job, PromptLabClient } from '@promptlab/client'

/** The model of `startScripted`. */
export const SCRIPTED = { provider: 'scripted', model: 'script-1' }

export type Steps = ConstructorParameters<typeof ScriptedProvider>[0]

/** A scripted provider that takes conversations. */
class ScriptedModel extends ScriptedProvider {
  readonly capabilities = {
    messages: true,
    options: ['system', 'temperature', 'tools'],
    responseFormats: ['text'],
    imageTypes: [],
    fileTypes: [],
    urls: false,
  } as const
}

/** A server whose provider does what the steps say, and a client of it that retries fast. */
export async function startScripted(steps: Steps, summary?: ConstructorParameters<typeof ScriptedProvider>[1]) {
  const provider = new ScriptedModel(steps, summary)
  const { url } = await startServer({ providers: [provider] })
  return { url, provider, client: new PromptLabClient({ baseUrl: url, retryDelayMs: 1 }) }
}

/** The last job of a chat. */
export async function newestJob(client: PromptLabClient, chat: string): Promise<Job> {
  const [summary] = (await client.listPage({ metadata: { chat }, limit: 1 })).data
  return await client.get(summary?.id ?? '')
}
