import type { ProviderInfo } from '@promptlab/contract'

/** What a person sees who has just started the server: where it is, what it can do, and a command to try. */
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
    curl -N ${url}/jobs/ID/stream          # with the id that you got

`
}

/** The same of a process that only runs jobs. */
export function welcomeWorker(url: string, store: string): string {
  return `
  PromptLab worker runs jobs, and is listening on ${url} for /health

    jobs are in ${store}

`
}
