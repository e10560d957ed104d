import { describe, expect, it } from 'vitest'
import { redactSecrets } from './redact-secrets.ts'

describe('redactSecrets', () => {
  it('removes a given secret in every encoding', () => {
    const secret = 'a+"b/c=d?'
    const base64 = Buffer.from(secret).toString('base64')
    const text = redactSecrets(`1 ${secret} 2 ${JSON.stringify(secret)} 3 ${encodeURIComponent(secret)} 4 ${base64}`, [
      secret,
    ])
    expect(text).toBe('1 [redacted] 2 "[redacted]" 3 [redacted] 4 [redacted]')
  })

  it.each([
    ['Incorrect API key provided: sk-proj-abc****wxyz. See the docs.', 'wxyz'],
    ['Authorization: Bearer abc.def-ghi', 'abc.def'],
    ['GET /v1beta/models?key=AIzaSyA1234567890&alt=sse', 'AIza'],
    ['{"api_key":"hunter22","x":1}', 'hunter22'],
    ['x-goog-api-key: hunter22', 'hunter22'],
    ['token eyJhbGciOiJI.eyJzdWIiOiIx.c2lnbmF0dXJl expired', 'eyJ'],
  ])('removes a text that looks like a key from %j', (text, secret) => {
    const clean = redactSecrets(text, [])
    expect(clean).not.toContain(secret)
    expect(clean).toContain('[redacted]')
  })

  it.each(['x', 'any', 'ollama'])('leaves the words of a text that contain the dummy key %j', (key) => {
    const text = 'ollama answered 404: any model but x'
    expect(redactSecrets(text, [key])).toBe(text)
  })

  it.each(['Your account is not active.', 'The keyboard is key to this task, basically', 'Model sk-8 is risk-free'])(
    'leaves %j unchanged',
    (text) => expect(redactSecrets(text, ['', 'unrelated'])).toBe(text),
  )
})
