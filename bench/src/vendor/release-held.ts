import { z } from 'zod'
import type { Task } from '../processes/task.ts'

const held: (() => void)[] = []

/** Resolves at the next `releaseHeld`. */
export function untilReleased(): Promise<void> {
  return new Promise((resolve) => held.push(resolve))
}

/** How many answers are held. */
export const countHeld: Task<null, number> = {
  name: 'count-held',
  params: z.null(),
  result: z.number(),
  run: () => held.length,
}

/** Begins every held answer. */
export const releaseHeld: Task<null, null> = {
  name: 'release-held',
  params: z.null(),
  result: z.null(),
  run: () => {
    for (const release of held.splice(0)) release()
    return null
  },
}
