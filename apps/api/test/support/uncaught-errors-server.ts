import type { LLMProvider } from '@promptlab/providers'
import { ProviderRegistry } from '@promptlab/providers'
import { EchoProvider } from '@promptlab/providers/echo'
import { pino } from 'pino'
import { buildApp } from '../../src/build-app.ts'
import { readConfig } from '../../src/config/config.ts'
import { openDependencies } from '../../src/dependencies.ts'
import { handleUncaughtErrors } from '../../src/process/uncaught-errors.ts'

/** A provider with a bug: it throws outside of its generator, and then never answers. */
function rogue(model: string, misbehave: () => void): LLMProvider {
  return {
    name: model,
    models: [model],
    async *complete() {
      yield 'before'
      misbehave()
      await new Promise(() => {})
      return undefined
    },
  }
}

const throwLater = () => {
  throw new Error('thrown in a timer')
}
const providers: LLMProvider[] = [
  new EchoProvider({ delayMs: 50 }),
  rogue('timer', () => void setTimeout(throwLater, 1)),
  rogue('rejection', () => void Promise.reject(new Error('rejected and left alone'))),
  rogue('thrown-string', () => void setTimeout(() => Promise.reject('not even an error'), 1)),
]

// The same server as in main.ts, with other providers.
const logger = pino()
const config = readConfig(process.env)
const deps = {
  ...(await openDependencies(config, logger)),
  providers: new ProviderRegistry(providers.map((provider) => ({ provider }))),
}
const app = buildApp({ ...config, logger }, deps)
handleUncaughtErrors(process, app, () => process.exit(1))
process.on('SIGUSR2', () => void setTimeout(throwLater, 1))
process.stderr.write(`listening on ${await app.listen({ port: 0, host: '127.0.0.1' })}\n`)
