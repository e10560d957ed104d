/** The process of a vendor and its clients, in which each token waits until the client has the one before. */
import { createServer } from 'node:http'
import { listen } from '../processes/listen.ts'
import { answerable, answerTasks } from '../processes/task.ts'
import { readScript } from '../vendor/read-script.ts'
import { beginAnswer } from './answers.ts'
import { loadLockStep } from './load.ts'

const server = createServer((request, response) => {
  readScript(request)
    .then((script) => beginAnswer(script, response))
    .catch((error: unknown) => response.destroy(error instanceof Error ? error : undefined))
})

answerTasks([answerable(loadLockStep)])
await listen(server)
