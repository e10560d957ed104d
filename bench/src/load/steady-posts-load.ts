import { performance } from 'node:perf_hooks'
import { z } from 'zod'
import { pace } from '../processes/pace.ts'
import type { Task } from '../processes/task.ts'
import { sampleText } from '../vendor/sample-text.ts'
import { expectText } from './http-client.ts'
import { createJob, openStream } from './job-requests.ts'
import { readJobStream } from './received-text.ts'
import { Checked, TextCheck } from './wrong-texts.ts'

const SteadyPosts = z.object({
  url: z.string(),
  count: z.int(),
  perSecond: z.number(),
  /** The length of each job's prompt. */
  promptChars: z.int(),
  /** The seed of the first text; the next ones follow it. */
  firstSeed: z.int(),
})
const SteadyPostsOutcome = z.object({ postMs: z.array(z.number()), checked: Checked })

const TOKENS = 4

/** Posts jobs at a steady rate, whether or not the earlier ones were answered, then reads the stream of each. */
export const loadSteadyPosts: Task<z.infer<typeof SteadyPosts>, z.infer<typeof SteadyPostsOutcome>> = {
  name: 'load-steady-posts',
  params: SteadyPosts,
  result: SteadyPostsOutcome,
  run: async ({ url, count, perSecond, promptChars, firstSeed }) => {
    const padding = 'x'.repeat(promptChars)
    const posts: Promise<{ id: string; seed: number; ms: number }>[] = []
    const seeds = Array.from({ length: count }, (_, index) => firstSeed + index)
    const post = async (seed: number) => {
      const startedAt = performance.now()
      const id = await createJob(url, { seed, tokens: TOKENS, pauseMs: 1, padding })
      return { id, seed, ms: performance.now() - startedAt }
    }
    await pace(seeds, 1000 / perSecond, (seed) => posts.push(post(seed)))
    const created = await Promise.all(posts)
    const texts = new TextCheck()
    for (const { id, seed } of created) {
      const { text, end } = readJobStream(await expectText(200, await openStream(url, id)))
      texts.expect(`job ${id}`, text, sampleText(seed, TOKENS), end === 'metrics')
    }
    return { postMs: created.map(({ ms }) => ms), checked: texts.result() }
  },
}
