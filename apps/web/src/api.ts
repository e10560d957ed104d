import { ApiError, PromptLabClient } from '@promptlab/client'

const KEY = 'promptlab.api-key'

/** The server that served this page. */
export const client = new PromptLabClient({ baseUrl: location.origin, apiKey: readKey })

/** The API key of this tab; it is gone when the tab is closed. */
export function readKey(): string | undefined {
  return sessionStorage.getItem(KEY) ?? undefined
}

export function storeKey(key: string): void {
  if (key === '') sessionStorage.removeItem(KEY)
  else sessionStorage.setItem(KEY, key)
}

const keyListeners = new Set<() => void>()

/** Calls back whenever the server wants a key that this tab does not have. */
export function onKeyNeeded(listener: () => void): () => void {
  keyListeners.add(listener)
  return () => keyListeners.delete(listener)
}

/** An error in words, for people. */
export function explain(error: unknown): { code: string; message: string } {
  if (error instanceof ApiError) {
    if (error.status === 401) for (const listener of keyListeners) listener()
    return { code: error.code, message: error.message }
  }
  const message = error instanceof Error ? error.message : String(error)
  return { code: 'connection', message: `${message} Is the server running?` }
}
