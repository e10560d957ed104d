import type { ProviderInfo } from '@promptlab/contract'
import { ABOUT_SETTINGS } from '../base/command-line.ts'
import type { LocalServer } from './local-servers.ts'

/**
 * The text that the server prints when it has started: its address, its providers, commands to try, and the base URL for SDKs.
 */
export function welcome(
  url: string,
  store: string,
  providers: readonly Pick<ProviderInfo, 'name' | 'missing'>[],
): string {
  const usable = providers.map(({ name, missing }) =>
    missing.length > 0 ? `${name} (set ${missing.join(', ')})` : name,
  )
  return `
  PromptLab Jobs API is listening on ${url}
  Open it in a browser for the playground.

    providers   ${usable.join(', ')}
                more: ${ABOUT_SETTINGS}
    jobs are in ${store}

  Create a job and watch it stream:

    curl -si ${url}/jobs -H 'content-type: application/json' \\
      -d '{"prompt":"Once upon a time","provider":"echo","model":"echo"}'
    curl -N ${url}/jobs/ID/stream          # with the id of that job

  Or use the SDKs of OpenAI and others, unchanged (docs/sdks.md), with this in the environment of your program:

    OPENAI_BASE_URL=${url}/v1
    OPENAI_API_KEY=any-text      # a key of this server, if it has API_KEYS

  Models are named provider/model, such as echo/echo.

`
}

/** The text that the server prints when it has found a server of models on this machine that could be switched on. */
export function offer({ name, variable, url, modelCount }: LocalServer): string {
  const models = modelCount === 1 ? '1 model' : `${modelCount} models`
  return `  ${name} answers on this machine, with ${models}. To use it, start again with

    ${variable}=${url}

`
}

/** The text that a worker prints when it has started. */
export function welcomeWorker(url: string, store: string): string {
  return `
  PromptLab worker runs jobs, and is listening on ${url} for /health

    jobs are in ${store}

`
}

/** The text that the server prints when its operator presses Ctrl-C. */
export function goodbye(drainMs: number): string {
  const seconds = Math.ceil(drainMs / 1000)
  return `
  Stopping. Running jobs have up to ${seconds} s to end. Press Ctrl-C again to stop at once.

`
}
