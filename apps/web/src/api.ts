import { ApiError, PromptLabClient } from '@promptlab/client'

const KEY = 'promptlab.api-key'

const SERVER = { baseUrl: location.origin, apiKey: readKey }

/** The client of the server that served this page. */
export const client = new PromptLabClient(SERVER)

/** A client for the feed, which connects again for as long as the page is open. */
export const feedClient = new PromptLabClient({ ...SERVER, maxReconnects: Number.POSITIVE_INFINITY })

/** The API key of this tab; undefined when none is stored. The browser deletes the key when the tab is closed. */
export function readKey(): string | undefined {
  return sessionStorage.getItem(KEY) ?? undefined
}

/** Stores the API key for this tab; an empty key removes the stored one. */
export function storeKey(key: string): void {
  if (key === '') sessionStorage.removeItem(KEY)
  else sessionStorage.setItem(KEY, key)
}

const keyListeners = new Set<() => void>()

/**
 * Calls the listener each time the server answers 401, because the API key is missing or wrong.
 * @returns removes the listener
 */
export function onKeyNeeded(listener: () => void): () => void {
  keyListeners.add(listener)
  return () => keyListeners.delete(listener)
}

/** The code and message of an error, as the page shows them. */
export function explain(error: unknown): { code: string; message: string } {
  if (error instanceof ApiError) {
    if (error.status === 401) for (const listener of keyListeners) listener()
    return { code: error.code, message: error.message }
  }
  const message = error instanceof Error ? error.message : String(error)
  return { code: 'connection', message: `${message} Check that the server is running.` }
}
