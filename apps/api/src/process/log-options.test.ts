import { Writable } from 'node:stream'
import { pino } from 'pino'
import { describe, expect, it } from 'vitest'
import { LOG_OPTIONS } from './log-options.ts'

/** The fields of one line, without those that every line has. */
function logged(fields: object, ofChild: object = {}): object {
  let line = ''
  const sink = new Writable({
    write(chunk, _, done) {
      line += String(chunk)
      done()
    },
  })
  pino({ ...LOG_OPTIONS, base: null, timestamp: false }, sink)
    .child(ofChild)
    .info(fields)
  const { level: _, ...rest } = JSON.parse(line)
  return rest
}

describe('LOG_OPTIONS', () => {
  it.each([
    ['in a line', { prompt: 'canary', status: 200 }, { prompt: '[redacted]', status: 200 }],
    ['in an object', { job: { id: '1', result: 'canary' } }, { job: { id: '1', result: '[redacted]' } }],
    [
      'in a list of objects',
      { jobs: [{ system: 'canary' }, { id: '2' }] },
      { jobs: [{ system: '[redacted]' }, { id: '2' }] },
    ],
    [
      'in an object of an object',
      { request: { headers: { authorization: 'canary', accept: '*/*' } } },
      { request: { headers: { authorization: '[redacted]', accept: '*/*' } } },
    ],
  ])('replace a secret %s', (_, fields, expected) => {
    expect(logged(fields)).toEqual(expected)
  })

  it('replace a secret of a child logger', () => {
    expect(logged({ id: '1' }, { signature: 'canary', requestId: '2' })).toEqual({
      signature: '[redacted]',
      requestId: '2',
      id: '1',
    })
  })

  it('leave the objects that are logged as they are', () => {
    const job = { id: '1', prompt: 'text' }
    logged({ job })
    expect(job).toEqual({ id: '1', prompt: 'text' })
  })

  it('leave everything else as it was', () => {
    const at = new Date(0)
    const fields = { at, list: [1, 'two', null], nothing: null, deep: { of: { it: [{ all: true }] } } }
    expect(logged(fields)).toEqual(JSON.parse(JSON.stringify(fields)))
  })
})
