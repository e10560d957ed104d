import { versions } from 'node:process'
import { http } from '../base/node-http.ts'
import { ConfigError, type ProxySettings } from '../config/config.ts'

/**
 * Sends calls to vendors by https through a proxy. Node.js reads `HTTPS_PROXY` before `.env` is loaded, and only if
 * `NODE_USE_ENV_PROXY` is set, so the settings are handed over here.
 * @returns ends that
 * @throws ConfigError this version of Node.js cannot do it
 */
export function useProxy({ url, except }: ProxySettings): () => void {
  // Not imported by its name: an older Node.js would not load this file.
  if (!http.setGlobalProxyFromEnv) {
    throw new ConfigError(
      `HTTPS_PROXY needs Node.js ≥ 24.14, and this is ${versions.node}. Update Node.js, or unset HTTPS_PROXY to call vendors directly.`,
    )
  }
  return http.setGlobalProxyFromEnv({ HTTPS_PROXY: url, ...(except && { NO_PROXY: except.join(',') }) })
}
