import { ConfigError } from './config.ts'

/** `.env` in the current folder, if there is one. Variables that are set already win. */
export function loadEnvironmentFile(): void {
  try {
    process.loadEnvFile()
  } catch (error) {
    if (!(error instanceof Error)) throw error
    if (!('code' in error && error.code === 'ENOENT')) throw new ConfigError(`.env cannot be read: ${error.message}.`)
  }
}
