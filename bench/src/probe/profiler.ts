import { writeFile } from 'node:fs/promises'
import type { Session } from 'node:inspector/promises'
import { z } from 'zod'
import type { Task } from '../processes/task.ts'

const SAMPLING_INTERVAL_US = 200

let session: Session | undefined

/** Begins to sample the main thread of a process. It begins after start and warm-up, so the profile has only the measured round. */
export const startProfile: Task<null, null> = {
  name: 'start-profile',
  params: z.null(),
  result: z.null(),
  run: async () => {
    // Not imported at the start: the inspector would be counted in the memory of every measured process.
    const { Session } = await import('node:inspector/promises')
    session = new Session()
    session.connect()
    await session.post('Profiler.enable')
    await session.post('Profiler.setSamplingInterval', { interval: SAMPLING_INTERVAL_US })
    await session.post('Profiler.start')
    return null
  },
}

/** Ends the sampling and writes a `.cpuprofile`, which Chrome's and VS Code's developer tools open. */
export const stopProfile: Task<{ path: string }, null> = {
  name: 'stop-profile',
  params: z.object({ path: z.string() }),
  result: z.null(),
  run: async ({ path }) => {
    if (!session) throw new Error('No profile was started')
    const { profile } = await session.post('Profiler.stop')
    session.disconnect()
    session = undefined
    await writeFile(path, JSON.stringify(profile))
    return null
  },
}
