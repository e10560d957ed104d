import { setGlobalProxyFromEnv } from 'node:http'
import type { ProxySettings } from '../config/config.ts'

/**
 * Sends calls to vendors by https through a proxy. Node.js reads `HTTPS_PROXY` before `.env` is loaded, and only if
 * `NODE_USE_ENV_PROXY` is set, so the settings are handed over here.
 * @returns ends that
 */
export function useProxy({ url, except }: ProxySettings): () => void {
  return setGlobalProxyFromEnv({ HTTPS_PROXY: url, ...(except && { NO_PROXY: except.join(',') }) })
}
