import { z } from 'zod'
import type { Task } from '../processes/task.ts'

const held: (() => void)[] = []

/** Resolves at the next `releaseHeld`. */
export function untilReleased(): Promise<void> {
  return new Promise((resolve) => held.push(resolve))
}

/** Lets every answer begin that was held. */
export const releaseHeld: Task<null, null> = {
  name: 'release-held',
  params: z.null(),
  result: z.null(),
  run: () => {
    for (const release of held.splice(0)) release()
    return null
  },
}
