import type { IncomingMessage } from 'node:http'
import { json } from 'node:stream/consumers'
import { z } from 'zod'
import { Script } from './script.ts'

const Body = z.object({ messages: z.array(z.object({ content: z.string() })).min(1) })

/** Reads the script of the answer that a request to the vendor asks for. */
export async function readScript(request: IncomingMessage): Promise<Script> {
  const { messages } = Body.parse(await json(request))
  return Script.parse(JSON.parse(messages.at(-1)?.content ?? ''))
}
