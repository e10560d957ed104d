import { expect, it } from 'vitest'
import { welcome, welcomeWorker } from './welcome.ts'

it('welcome says the base URL for the SDKs of OpenAI, and where they are described', () => {
  const text = welcome('http://127.0.0.1:3000', 'jobs.json', [], [])
  expect(text).toContain('OPENAI_BASE_URL=http://127.0.0.1:3000/v1\n')
  expect(text).toContain('docs/sdks.md')
})

it('welcomeWorker says no base URL, because a worker has no doors', () => {
  expect(welcomeWorker('http://127.0.0.1:3000', 'jobs.json')).not.toContain('/v1')
})
