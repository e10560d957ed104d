import { ConfigError } from './config.ts'

/**
 * Loads `.env` from the current folder, if there is one. A variable that is set already keeps its value.
 * @throws ConfigError the file cannot be read
 */
export function loadEnvironmentFile(): void {
  try {
    process.loadEnvFile()
  } catch (error) {
    if (!(error instanceof Error)) throw error
    if ('code' in error && error.code === 'ENOENT') return
    throw new ConfigError(`.env cannot be read: ${error.message}. Make it readable for this process, or remove it.`)
  }
}
