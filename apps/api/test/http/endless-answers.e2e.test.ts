import { isFinal } from '@promptlab/contract'
import { type CompletionPiece, type LLMProvider, PROMPT_ONLY } from '@promptlab/providers'
import { describe, expect, it } from 'vitest'
import { createJob, getJob, readStream } from '../support/job-client.ts'
import { startServer } from '../support/test-server.ts'
import { PATIENT } from '../support/vendor-server.ts'

const MAX_LENGTH = 50_000
const PROMPT = { prompt: 'Go', provider: 'endless', model: 'endless' }

/** Runs a job whose provider sends the same pieces over and over, and gives the job when it has ended. */
async function runEndless(pieces: readonly CompletionPiece[]) {
  const provider: LLMProvider = {
    name: 'endless',
    models: ['endless'],
    capabilities: PROMPT_ONLY,
    async *complete(_prompt, { signal }) {
      for (;;) {
        signal.throwIfAborted()
        yield* pieces
      }
    },
  }
  const { url } = await startServer({
    providers: [provider],
    config: { run: { ...PATIENT, maxAnswerLength: MAX_LENGTH } },
  })
  const { id } = await createJob(url, PROMPT)
  await readStream(url, id)
  const job = await getJob(url, id)
  if (!isFinal(job)) throw new Error(`The job is ${job.status}`)
  return job
}

const TOO_LONG = { status: 'failed', error: { code: 'answer-too-long' } }

describe('an answer without end', () => {
  it.each<[string, readonly CompletionPiece[]]>([
    ['ids of tool calls', [{ type: 'tool-call', callId: 'c'.repeat(10_000), name: 'f' }, { type: 'tool-call-end' }]],
    ['names of tool calls', [{ type: 'tool-call', callId: 'c', name: 'f'.repeat(10_000) }, { type: 'tool-call-end' }]],
    ['what the vendor wants back', [{ type: 'reasoning', text: '', carry: { signature: 's'.repeat(10_000) } }]],
    ['reasoning', [{ type: 'reasoning', text: 'r'.repeat(10_000) }]],
  ])('of %s fails its job at the length that the server keeps', async (_, pieces) => {
    const job = await runEndless(pieces)
    expect(job).toMatchObject(TOO_LONG)
    expect(job).toMatchObject({ error: { message: expect.stringContaining(`reached ${MAX_LENGTH} characters`) } })
    expect(JSON.stringify(job).length).toBeLessThan(MAX_LENGTH + 2_000)
  })

  it('of parts fails its job at the number that the server keeps', async () => {
    const job = await runEndless(['t', { type: 'reasoning', text: 'r' }])
    expect(job).toMatchObject(TOO_LONG)
    expect(job).toMatchObject({ error: { message: expect.stringContaining('reached 10000 parts') } })
    expect(job.output).toHaveLength(10_000)
  })

  it('of empty pieces and text has only the text', async () => {
    const job = await runEndless(['', { type: 'reasoning', text: '' }, 'text'])
    expect(job.output).toBeUndefined()
    expect(job.metrics.tokenCount).toBe(MAX_LENGTH / 'text'.length)
  })
})
