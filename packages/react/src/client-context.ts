import { type ClientOptions, PromptLabClient } from '@promptlab/client'
import { createContext, createElement, type ReactElement, type ReactNode, useContext, useMemo } from 'react'

const ClientContext = createContext<PromptLabClient | undefined>(undefined)

/** What a `PromptLabProvider` is given. */
export interface PromptLabProviderProps {
  /** A client, made outside of components, or the address of the API for a new one. */
  readonly client: PromptLabClient | ClientOptions['baseUrl']
  readonly children?: ReactNode
}

/** Gives the hooks below it their client. */
export function PromptLabProvider({ client, children }: PromptLabProviderProps): ReactElement {
  const value = useMemo(
    () => (typeof client === 'string' ? new PromptLabClient({ baseUrl: client }) : client),
    [client],
  )
  return createElement(ClientContext.Provider, { value }, children)
}

/**
 * The client of the nearest `PromptLabProvider`.
 * @param given this client instead
 * @throws TypeError there is neither
 */
export function useClient(given?: PromptLabClient): PromptLabClient {
  const provided = useContext(ClientContext)
  const client = given ?? provided
  if (!client)
    throw new TypeError('Wrap the page in <PromptLabProvider client="https://…">, or give the hook a client.')
  return client
}
