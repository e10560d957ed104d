import { setGlobalProxyFromEnv } from 'node:http'

/**
 * Sends calls to vendors by https through the proxy of `HTTPS_PROXY`, except to the hosts in `NO_PROXY`. Node.js reads these
 * variables before `.env` is loaded, and only if `NODE_USE_ENV_PROXY` is set, so they are handed over here.
 * @returns ends that; undefined if there is no proxy
 */
export function useProxy({
  HTTPS_PROXY,
  NO_PROXY,
}: Readonly<Record<string, string | undefined>>): (() => void) | undefined {
  if (HTTPS_PROXY === undefined || HTTPS_PROXY.trim() === '') return undefined
  return setGlobalProxyFromEnv({
    HTTPS_PROXY: HTTPS_PROXY.trim(),
    ...(NO_PROXY !== undefined && { NO_PROXY: NO_PROXY.trim() }),
  })
}
