import type { Socket } from 'node:net'
import type { Problem } from '@promptlab/contract'
import { v7 as newId } from 'uuid'
import { PROBLEMS } from './problems.ts'

/** Answers what is not even HTTP, of which there is no request to speak of, and closes the connection. */
export function sendMalformedRequest(error: Error & { code?: string }, socket: Socket): void {
  // The client has gone, or an answer is on its way already.
  if (error.code === 'ECONNRESET' || !socket.writable || socket.bytesWritten > 0) {
    socket.destroy()
    return
  }
  const { status, title } = PROBLEMS['invalid-request']
  const problem: Problem = {
    type: 'urn:promptlab:problem:invalid-request',
    title,
    status,
    detail: 'The server could not read this as an HTTP request.',
    instance: '/',
    code: 'invalid-request',
    requestId: newId(),
  }
  const body = JSON.stringify(problem)
  socket.end(
    `HTTP/1.1 ${status} Bad Request\r\ncontent-type: application/problem+json; charset=utf-8\r\n` +
      `content-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`,
  )
}
