import type { ProviderInfo } from '@promptlab/client'
import { lazy, Suspense, useCallback, useEffect, useState } from 'react'
import { client, explain, onKeyNeeded } from './api.ts'
import { ChatPage } from './chat/chat-page.tsx'
import { Panes } from './chat/panes.ts'
import { type Draft, EMPTY_DRAFT, readDraft, usableChoices } from './composer/draft.ts'
import { Drawer } from './drawer.tsx'
import { History } from './history/history.tsx'
import { KeyField } from './key-field.tsx'
import { useRoute } from './route.ts'
import { useOnline } from './use-online.ts'
import { useStoredState } from './use-stored-state.ts'

/** Loaded when a grid is first opened. */
const GridPage = lazy(async () => ({ default: (await import('./grid/grid-page.tsx')).GridPage }))

const NO_PROVIDERS: readonly ProviderInfo[] = []

export function App() {
  const route = useRoute()
  const [panes] = useState(() => new Panes())
  const [draft, setDraft] = useStoredState<Draft>('promptlab.draft', EMPTY_DRAFT, readDraft)
  const [needsKey, setNeedsKey] = useState(false)
  const [session, setSession] = useState(0)
  const [version, setVersion] = useState(0)
  const [news, setNews] = useState('')
  const refresh = useCallback(() => setVersion((before) => before + 1), [])
  const { providers, fault } = useProviders(session)
  useEffect(() => onKeyNeeded(() => setNeedsKey(true)), [])
  // A page that React mounts a second time, as in strict mode, goes on where it was.
  useEffect(() => {
    panes.resume()
    return () => panes.leave()
  }, [panes])
  const goOn = useCallback(() => {
    setSession((before) => before + 1)
    refresh()
    panes.resume()
  }, [refresh, panes])
  const isOnline = useOnline(goOn)

  const keyStored = () => {
    setNeedsKey(false)
    goOn()
  }
  const ids = route.page === 'chat' ? route.ids : []

  return (
    <div className="page">
      <Drawer label="History">
        <a href="#new" className="brand">
          PromptLab
        </a>
        <nav className="places" aria-label="Pages">
          <a href="#new" className="new">
            New chat
          </a>
          <a href="#grid">Compare in a grid</a>
        </nav>
        {!needsKey && (
          <History
            version={version}
            shownIds={ids}
            shownGrid={route.page === 'grid' ? route.id : undefined}
            onDeleted={(id) => panes.closeJob(id)}
            onBack={goOn}
          />
        )}
      </Drawer>
      <main>
        <h1 className="visually-hidden">PromptLab playground</h1>
        {!isOnline && (
          <p className="banner" role="status">
            Your browser is offline. Your jobs run on, and their answers appear when you are back.
          </p>
        )}
        {needsKey && <KeyField onStored={keyStored} />}
        {fault && !needsKey && (
          <p className="fault" role="alert">
            {fault}{' '}
            <button type="button" onClick={goOn}>
              Try again
            </button>
          </p>
        )}
        {route.page === 'grid' ? (
          <Suspense fallback={<p>Loading …</p>}>
            <GridPage id={route.id} providers={providers ?? NO_PROVIDERS} onNews={setNews} />
          </Suspense>
        ) : (
          <ChatPage
            ids={ids}
            panes={panes}
            draft={providers ? { ...draft, choices: usableChoices(draft.choices, providers) } : draft}
            providers={providers}
            onDraft={setDraft}
            onCreated={refresh}
            onNews={setNews}
          />
        )}
      </main>
      <p className="visually-hidden news" role="status">
        {news}
      </p>
    </div>
  )
}

/**
 * Loads the providers.
 * @param session a new number loads them again
 */
function useProviders(session: number) {
  const [providers, setProviders] = useState<readonly ProviderInfo[]>()
  const [fault, setFault] = useState<string>()
  // biome-ignore lint/correctness/useExhaustiveDependencies: a new session loads them again
  useEffect(() => {
    const leaving = new AbortController()
    const { signal } = leaving
    setFault(undefined)
    client
      .providers({ signal })
      .then(setProviders, (error: unknown) => signal.aborted || setFault(explain(error).message))
    return () => leaving.abort()
  }, [session])
  return { providers, fault }
}
