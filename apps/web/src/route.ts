import { useEffect, useState } from 'react'
import { MAX_CHOICES } from './composer/draft.ts'

/** What the address of the page shows. It is the only state of the page that a link carries. */
export type Route =
  /** Conversations side by side, by the newest job of each. None: a new conversation. */
  | { readonly page: 'chat'; readonly ids: readonly string[] }
  /** A grid. Without an id: a new one. */
  | { readonly page: 'grid'; readonly id: string | undefined }

/** The route of a hash, such as `#ID,ID` or `#grid/ID`. */
export function routeOf(hash: string): Route {
  const path = decoded(hash.replace(/^#/, ''))
  const [, id] = /^grid(?:\/(.+))?$/.exec(path) ?? [undefined, undefined]
  if (path === 'grid' || id !== undefined) return { page: 'grid', id }
  if (path === 'new') return { page: 'chat', ids: [] }
  return { page: 'chat', ids: path.split(',').filter(Boolean).slice(0, MAX_CHOICES) }
}

/** The hash of a chat; without jobs, of a new one. */
export function hashOf(ids: readonly string[]): string {
  return ids.length === 0 ? '#new' : `#${ids.join(',')}`
}

/** The route, which changes with links, with the buttons back and forward, and with `go`. */
export function useRoute(): Route {
  const [route, setRoute] = useState(() => routeOf(location.hash))
  useEffect(() => {
    const read = () => setRoute(routeOf(location.hash))
    window.addEventListener('popstate', read)
    window.addEventListener(GONE, read)
    return () => {
      window.removeEventListener('popstate', read)
      window.removeEventListener(GONE, read)
    }
  }, [])
  return route
}

/** Fired by `go`, as `pushState` fires nothing. */
const GONE = 'promptlab:gone'

/**
 * Goes to another hash.
 * @param isReplaced the former address leaves the history of the browser
 */
export function go(hash: string, isReplaced = false): void {
  // Without a hash, the page shows a new chat. An entry for the same would take the way forward.
  if (hash === (location.hash || '#new')) return
  if (isReplaced) history.replaceState(null, '', hash)
  else history.pushState(null, '', hash)
  window.dispatchEvent(new Event(GONE))
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
