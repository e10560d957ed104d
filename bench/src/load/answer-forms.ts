import { z } from 'zod'
import type { Script } from '../vendor/script.ts'
import { type Answer, send } from './http-client.ts'
import { askVendor, createJob, openStream, streamCreatedJob } from './job-requests.ts'
import { readChatStream, readJobStream, readMessageStream, readResponseStream } from './received-text.ts'

/**
 * How a client asks for an answer. `server`: `POST /jobs` and its stream. `post`: a `POST /jobs` that answers with the stream.
 * `proxy`: the vendor's own API, at the vendor or behind a proxy. The others are the doors of the server.
 */
export const FormName = z.enum(['server', 'post', 'proxy', 'chat', 'responses', 'messages'])
export type FormName = z.infer<typeof FormName>

interface AnswerForm {
  readonly open: (url: string, script: Script, view?: 'text' | 'full') => Promise<Answer>
  /** `isComplete`: the stream has the end of a whole answer. */
  readonly read: (body: string) => { readonly text: string; readonly isComplete: boolean }
}

/** The name of the model at the doors. */
const DOOR_MODEL = 'openai/bench'

const JOB_STREAM: AnswerForm['read'] = (body) => {
  const { text, end } = readJobStream(body)
  return { text, isComplete: end === 'metrics' }
}

/** Each way to ask, and to read the stream that comes. */
export const ANSWER_FORMS: Readonly<Record<FormName, AnswerForm>> = {
  server: {
    open: async (url, script, view) => openStream(url, await createJob(url, script), { view }),
    read: JOB_STREAM,
  },
  post: { open: streamCreatedJob, read: JOB_STREAM },
  proxy: { open: askVendor, read: readChatStream },
  chat: {
    open: (url, script) =>
      post(`${url}/v1/chat/completions`, {
        messages: [{ role: 'user', content: JSON.stringify(script) }],
        stream_options: { include_usage: true },
      }),
    read: readChatStream,
  },
  responses: {
    open: (url, script) => post(`${url}/v1/responses`, { input: JSON.stringify(script) }),
    read: readResponseStream,
  },
  messages: {
    open: (url, script) =>
      post(`${url}/v1/messages`, {
        max_tokens: 4096,
        messages: [{ role: 'user', content: JSON.stringify(script) }],
      }),
    read: readMessageStream,
  },
}

function post(url: string, fields: object): Promise<Answer> {
  return send('POST', url, JSON.stringify({ model: DOOR_MODEL, stream: true, ...fields }))
}
