/** The address of the API. This page is served from another one, so the server must name its origin in `CORS_ORIGINS`. */
export const API: string = import.meta.env['VITE_PROMPTLAB_URL'] ?? 'http://127.0.0.1:3000'

/** Who is asked: a provider and a model of `GET /providers`. */
export const MODEL: { provider: string; model: string } = {
  provider: import.meta.env['VITE_PROMPTLAB_PROVIDER'] ?? 'echo',
  model: import.meta.env['VITE_PROMPTLAB_MODEL'] ?? 'echo',
}

/** The newest job of the chat, behind the `#` of the address. So a reload, a bookmark and a link open the same chat. */
export const idInAddress = () => location.hash.slice(1) || undefined

/** @returns removes the listener */
export function onAddress(listener: () => void): () => void {
  addEventListener('hashchange', listener)
  return () => removeEventListener('hashchange', listener)
}
