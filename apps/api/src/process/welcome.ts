import type { ProviderInfo } from '@promptlab/contract'

/** The text that the server prints when it has started: its address, its providers, and commands to try. */
export function welcome(url: string, store: string, providers: readonly ProviderInfo[]): string {
  const usable = providers.map(({ name, missing }) =>
    missing.length > 0 ? `${name} (set ${missing.join(', ')})` : name,
  )
  return `
  PromptLab Jobs API is listening on ${url}
  Open it in a browser for the playground.

    providers   ${usable.join(', ')}
    jobs are in ${store}

  Create a job and watch it stream:

    curl -si ${url}/jobs -H 'content-type: application/json' \\
      -d '{"prompt":"Once upon a time","provider":"echo","model":"echo"}'
    curl -N ${url}/jobs/ID/stream          # with the id of that job

`
}

/** The text that a worker prints when it has started. */
export function welcomeWorker(url: string, store: string): string {
  return `
  PromptLab worker runs jobs, and is listening on ${url} for /health

    jobs are in ${store}

`
}
