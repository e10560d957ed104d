import { expect, it } from 'vitest'
import { welcome, welcomeWorker } from './welcome.ts'

it('welcome says the base URL and the key for the SDKs of OpenAI, how models are named, and where all this is described', () => {
  const text = welcome('http://127.0.0.1:3000', 'jobs.json', [])
  expect(text).toContain('OPENAI_BASE_URL=http://127.0.0.1:3000/v1\n')
  expect(text, 'the SDK refuses to start without a key').toContain('OPENAI_API_KEY=any-text')
  expect(text).toContain('such as echo/echo')
  expect(text).toContain('docs/sdks.md')
})

it('welcomeWorker says no base URL, because a worker has no doors', () => {
  expect(welcomeWorker('http://127.0.0.1:3000', 'jobs.json')).not.toContain('/v1')
})
