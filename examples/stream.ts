/** Streams an answer to the terminal: `pnpm --filter @promptlab/examples stream PROMPT`. */
import { JobFailedError, PromptLabClient } from '@promptlab/client'

const client = new PromptLabClient({
  baseUrl: process.env['PROMPTLAB_URL'] ?? 'http://127.0.0.1:3000',
  apiKey: process.env['PROMPTLAB_API_KEY'],
})
const run = client.run(
  { prompt: process.argv[2] ?? 'Once upon a time', provider: 'echo', model: 'echo' },
  { onReconnect: ({ waitMs }) => process.stderr.write(`reconnecting in ${Math.round(waitMs)} ms\n`) },
)
try {
  for await (const token of run) process.stdout.write(token)
  process.stderr.write(`\n${run.metrics?.tokenCount} tokens\n`)
} catch (error) {
  if (!(error instanceof JobFailedError)) throw error
  process.stderr.write(`\n${error.code}: ${error.message}\n`)
  process.exitCode = 1
}
