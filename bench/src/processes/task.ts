import { z } from 'zod'

/** Something that one process asks another to do. Both import it, so both agree on its form; both check what arrives. */
export interface Task<Params, Result> {
  readonly name: string
  readonly params: z.ZodType<Params>
  readonly result: z.ZodType<Result>
  readonly run: (params: Params) => Promise<Result> | Result
}

/** Any task; its parameters are checked when it is called. */
export interface AnswerableTask {
  readonly name: string
  readonly answer: (params: unknown) => Promise<unknown>
}

const TaskRequest = z.object({ id: z.int(), name: z.string(), params: z.unknown().optional() })
export const TaskReply = z.object({ id: z.int(), result: z.unknown().optional(), error: z.string().optional() })

/** Makes a task answerable: the form in which a process offers it. */
export function answerable<Params, Result>({ name, params, run }: Task<Params, Result>): AnswerableTask {
  return { name, answer: async (given) => await run(params.parse(given)) }
}

/** Does these tasks whenever the parent process asks. Ends with the parent. */
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
