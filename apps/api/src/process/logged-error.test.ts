import { Writable } from 'node:stream'
import { pino } from 'pino'
import { describe, expect, it } from 'vitest'
import { LOG_OPTIONS } from './log-options.ts'
import { loggedError } from './logged-error.ts'

/** One line as the server would log it. */
function logged(...args: [unknown, string]): string {
  let line = ''
  const sink = new Writable({
    write(chunk, _, done) {
      line += String(chunk)
      done()
    },
  })
  pino(LOG_OPTIONS, sink).warn(...args)
  return line
}

describe('loggedError', () => {
  it('keeps type, code, message and stack of an error, and nothing that a driver attached', () => {
    const error = Object.assign(new Error('READONLY You cannot write'), {
      name: 'ReplyError',
      code: 'READONLY',
      command: { name: 'auth', args: ['canary'] },
      detail: 'canary',
    })
    expect(loggedError(error)).toEqual({
      type: 'ReplyError',
      code: 'READONLY',
      message: 'READONLY You cannot write',
      stack: expect.stringContaining('logged-error.test.ts'),
    })
    expect(logged({ err: error }, 'failed')).not.toContain('canary')
    expect(logged(error, 'failed')).not.toContain('canary')
  })

  it('tells the causes of an error, without what was attached to them', () => {
    const cause = Object.assign(new Error('connection lost'), { query: 'canary' })
    const line = logged({ err: new Error('The store cannot be used', { cause }) }, 'failed')
    expect(line).toContain('connection lost')
    expect(line).not.toContain('canary')
  })

  it.each([
    ['connect to redis://user:canary@host:1/0 failed', 'connect to redis://***@host:1/0 failed'],
    ['postgres://canary@host/db and http://ok/path', 'postgres://***@host/db and http://ok/path'],
    ['rediss://:can@ary/canary@host', 'rediss://***@host'],
    ['at file:///app/pg@8/index.js of postgres://canary@host', 'at file:///app/pg@8/index.js of postgres://***@host'],
  ])('removes user and password from URLs in %s', (message, expected) => {
    expect(loggedError(new Error(message))).toMatchObject({ message: expected })
    expect(logged({ err: new Error('outer', { cause: new Error(message) }) }, 'failed')).not.toContain('canary')
  })

  it('survives causes that go in a circle', () => {
    const error = new Error('round')
    error.cause = error
    expect(loggedError(error)).toMatchObject({ message: 'round' })
  })
})
