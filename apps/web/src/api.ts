import { PromptLabClient } from '@promptlab/client'
import { type JobFault, jobFaultOf } from '@promptlab/react'

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

/** Asks for the API key if a fault says that the key is missing or wrong. */
export function noteFault({ status }: JobFault): void {
  if (status === 401) for (const listener of keyListeners) listener()
}

/** The code and message of an error, as the page shows them. */
export function explain(error: unknown): { code: string; message: string } {
  const fault = jobFaultOf(error)
  noteFault(fault)
  return shownFault(fault)
}

/** A fault as the page shows it: a lost connection with what to do. */
export function shownFault({ code, message }: JobFault): { code: string; message: string } {
  return code === 'connection' ? { code, message: `${message} Check that the server is running.` } : { code, message }
}
