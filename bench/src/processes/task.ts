import { z } from 'zod'

/** Work that one process asks of another. Both import the task, and both check what they receive. */
export interface Task<Params, Result> {
  readonly name: string
  readonly params: z.ZodType<Params>
  readonly result: z.ZodType<Result>
  readonly run: (params: Params) => Promise<Result> | Result
}

/** A task whose parameters are checked at each call. */
export interface AnswerableTask {
  readonly name: string
  readonly answer: (params: unknown) => Promise<unknown>
}

const TaskRequest = z.object({ id: z.int(), name: z.string(), params: z.unknown().optional() })
export const TaskReply = z.object({ id: z.int(), result: z.unknown().optional(), error: z.string().optional() })

/** The form in which a process offers a task. */
export function answerable<Params, Result>({ name, params, run }: Task<Params, Result>): AnswerableTask {
  return { name, answer: async (given) => await run(params.parse(given)) }
}

/** Runs these tasks whenever the parent process asks. The process ends with its parent. */
export function answerTasks(tasks: readonly AnswerableTask[]): void {
  const byName = new Map(tasks.map((task) => [task.name, task]))
  process.on('message', (message) => {
    const request = TaskRequest.safeParse(message)
    if (!request.success) return
    const { id, name, params } = request.data
    const task = byName.get(name)
    const answer = task ? task.answer(params) : Promise.reject(new Error(`This process has no task ${name}`))
    answer.then(
      (result) => process.send?.({ id, result }),
      (error: unknown) => process.send?.({ id, error: error instanceof Error ? error.stack : String(error) }),
    )
  })
  process.on('disconnect', () => process.exit())
}
