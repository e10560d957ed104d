/** The build of the package `@promptlab/server` sets it: how its users run its commands. */
declare const PROMPTLAB_RUNNER: string | undefined

const RUNNER = typeof PROMPTLAB_RUNNER === 'string' ? PROMPTLAB_RUNNER : undefined

/**
 * How the operator types a command, for messages: `pnpm new-key NAME` in the repository, `npx @promptlab/server new-key NAME`
 * where the server is a package.
 */
export function commandLine(command: string): string {
  return RUNNER === undefined ? `pnpm ${command}` : `${RUNNER} ${command.replace(/^promptlab /, '')}`
}

/** Where an operator reads about all settings. */
export const ABOUT_SETTINGS = RUNNER === undefined ? 'docs/settings.md' : `${RUNNER} --help`
