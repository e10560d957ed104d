import type { Job } from '@promptlab/client'
import { describe, expect, it } from 'vitest'
import { requestCode } from './request-code.ts'

const ORIGIN = 'http://127.0.0.1:3000'
const JOB: Job = {
  id: '01a21cf6-f163-72d9-84ab-1b08d0f3166e',
  status: 'pending',
  prompt: "It's a test",
  provider: 'openai',
  model: 'gpt-4',
  previousJobId: '01a21cf6-f163-72d9-84ab-1b08d0f30000',
  options: { system: 'Be short.', temperature: 0.2, maxTokens: 50, seed: 7, tools: [{ name: 'add' }] },
  createdAt: '2026-01-01T00:00:00.000Z',
  updatedAt: '2026-01-01T00:00:00.000Z',
  links: { self: '', cancel: '', stream: '' },
}

describe('requestCode', () => {
  it('writes curl whose body is JSON in quotes of the shell', () => {
    const code = requestCode('curl', JOB, ORIGIN)
    expect(code).toContain(`curl -N ${ORIGIN}/jobs`)
    const body = /-d '(.*)'$/s.exec(code)?.[1]?.replaceAll(`'\\''`, "'") ?? ''
    const { prompt, previousJobId, options } = JOB
    expect(JSON.parse(body)).toEqual({ provider: 'openai', model: 'gpt-4', prompt, previousJobId, options })
  })

  it('writes the request for the OpenAI SDK, and names what it has no field for', () => {
    const code = requestCode('OpenAI SDK', JOB, ORIGIN)
    expect(code).toContain(`model: "openai/gpt-4"`)
    expect(code).toContain('previous_response_id: "resp_01a21cf6f16372d984ab1b08d0f30000"')
    expect(code).toContain('max_output_tokens: 50')
    expect(code).toContain('// The Responses API has no field for: seed.')
  })

  it('runs a job again by its id if the server keeps a part of its content', () => {
    const job: Job = { ...JOB, messages: [{ role: 'user', content: [{ type: 'text', item: 'abc', bytes: 2_000 }] }] }
    expect(requestCode('curl', job, ORIGIN)).toContain(`/jobs/${JOB.id}/rerun`)
    expect(requestCode('TypeScript', job, ORIGIN)).toContain(`client.rerun('${JOB.id}')`)
  })
})
