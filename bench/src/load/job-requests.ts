import { z } from 'zod'
import type { Script } from '../vendor/script.ts'
import { type Answer, expectText, send } from './http-client.ts'

const CreatedJob = z.object({ id: z.string() })

/** Sends `POST /jobs`. @returns the job's id */
export async function createJob(serverUrl: string, script: Script): Promise<string> {
  const answer = await send('POST', `${serverUrl}/jobs`, jobOf(script))
  return CreatedJob.parse(JSON.parse(await expectText(202, answer))).id
}

/** Sends a `POST /jobs` whose response is the stream of the job. */
export function streamCreatedJob(serverUrl: string, script: Script): Promise<Answer> {
  return send('POST', `${serverUrl}/jobs`, jobOf(script), { accept: 'text/event-stream' })
}

function jobOf(script: Script): string {
  return JSON.stringify({ prompt: JSON.stringify(script), provider: 'openai', model: 'bench' })
}

/** Opens `GET /jobs/:id/stream`. */
export async function openStream(
  serverUrl: string,
  id: string,
  { after = 0, view = 'text' }: { readonly after?: number; readonly view?: 'text' | 'full' | undefined } = {},
): Promise<Answer> {
  // The defaults are left out, because earlier versions know no view.
  const query = [...(after > 0 ? [`after=${after}`] : []), ...(view === 'full' ? ['view=full'] : [])].join('&')
  const answer = await send('GET', `${serverUrl}/jobs/${id}/stream${query && `?${query}`}`)
  if (answer.status !== 200) throw new Error(`The stream answered ${answer.status}`)
  return answer
}

/** Sends a request to the vendor itself, or through a proxy, as the OpenAI SDK does. */
export function askVendor(vendorUrl: string, script: Script): Promise<Answer> {
  const body = JSON.stringify({
    model: 'bench',
    messages: [{ role: 'user', content: JSON.stringify(script) }],
    stream: true,
    stream_options: { include_usage: true },
  })
  return send('POST', `${vendorUrl}/v1/chat/completions`, body)
}
