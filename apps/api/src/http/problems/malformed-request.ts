import type { Socket } from 'node:net'
import type { Problem, ProblemCode } from '@promptlab/contract'
import { v7 as newId } from 'uuid'
import { http } from '../../base/node-http.ts'
import { PROBLEMS } from './problems.ts'

/** How long a client may take to read the refusal, in milliseconds. */
const LAST_ANSWER_MS = 1_000

/** Answers bytes that Node.js cannot read as an HTTP request, and closes the connection. */
export function sendMalformedRequest(error: Error & { code?: string }, socket: Socket): void {
  // The client has gone, or an answer is already on its way.
  if (error.code === 'ECONNRESET' || !socket.writable || socket.bytesWritten > 0) {
    socket.destroy()
    return
  }
  const [code, detail] = explain(error.code)
  const { status, title } = PROBLEMS[code]
  const problem: Problem = {
    type: `urn:promptlab:problem:${code}`,
    title,
    status,
    detail,
    instance: '/',
    code,
    requestId: newId(),
  }
  const body = JSON.stringify(problem)
  socket.end(
    `HTTP/1.1 ${status} ${http.STATUS_CODES[status]}\r\ncontent-type: application/problem+json; charset=utf-8\r\n` +
      `content-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`,
  )
  // The connection is closed even if the client does not read the answer.
  setTimeout(() => socket.destroy(), LAST_ANSWER_MS).unref()
}

function explain(code: string | undefined): [ProblemCode, string] {
  switch (code) {
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return ['request-timeout', 'The request did not arrive in time. Send it again, without pauses.']
    case 'HPE_HEADER_OVERFLOW':
      return ['headers-too-large', 'The headers of the request, or its URL, are too long. Send shorter ones.']
    default:
      return ['invalid-request', 'The server could not read this as an HTTP request. Send HTTP/1.1.']
  }
}
