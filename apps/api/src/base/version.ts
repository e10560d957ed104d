import manifest from '../../package.json' with { type: 'json' }

/** The version of the server, as `apps/api/package.json` has it. */
export const VERSION: string = manifest.version
