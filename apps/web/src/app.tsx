import type { ProviderInfo } from '@promptlab/client'
import { useCallback, useEffect, useState } from 'react'
import { client, explain, onKeyNeeded } from './api.ts'
import { Composer } from './composer.tsx'
import { type Draft, EMPTY_DRAFT, readDraft, requestsOf, usableChoices } from './draft.ts'
import { History } from './history.tsx'
import { KeyField } from './key-field.tsx'
import { Pane } from './pane.tsx'
import { useAnyRunning } from './use-any-running.ts'
import { useShownJobs } from './use-shown-jobs.ts'
import { useStoredState } from './use-stored-state.ts'

export function App() {
  const [draft, setDraft] = useStoredState<Draft>('promptlab.draft', EMPTY_DRAFT, readDraft)
  const [needsKey, setNeedsKey] = useState(false)
  const [session, setSession] = useState(0)
  const [version, setVersion] = useState(0)
  const [news, setNews] = useState('')
  const refresh = useCallback(() => setVersion((before) => before + 1), [])
  const tell = useCallback((text: string) => {
    setNews(text)
    setVersion((before) => before + 1)
  }, [])
  const { shown, run, runAgain, close } = useShownJobs(refresh)
  const isRunning = useAnyRunning(shown)
  const { providers, fault } = useProviders(session)
  useEffect(() => onKeyNeeded(() => setNeedsKey(true)), [])

  const usable = providers && { ...draft, choices: usableChoices(draft.choices, providers) }
  const keyStored = () => {
    setNeedsKey(false)
    setSession((before) => before + 1)
    refresh()
  }

  return (
    <div className="page">
      <header className="top">
        <h1>PromptLab</h1>
        <p>One prompt, up to four models, side by side.</p>
      </header>
      <main>
        {needsKey && <KeyField onStored={keyStored} />}
        {fault && !needsKey && (
          <p className="fault" role="alert">
            {fault}{' '}
            <button type="button" onClick={() => setSession((before) => before + 1)}>
              Try again
            </button>
          </p>
        )}
        <Composer
          draft={usable ?? draft}
          providers={providers ?? []}
          isRunning={isRunning}
          onChange={setDraft}
          onRun={() => usable && run(requestsOf(usable))}
          onStopAll={() => shown.forEach(({ followed }) => void followed.stop())}
        />
        <div className="panes" data-count={shown.length}>
          {shown.map((job, index) => (
            <Pane
              key={job.key}
              number={index + 1}
              followed={job.followed}
              onRetry={() => runAgain(job)}
              onNews={tell}
            />
          ))}
        </div>
      </main>
      {!needsKey && (
        <History version={version} shownIds={shown.flatMap(({ followed }) => followed.jobId ?? [])} onDeleted={close} />
      )}
      <p className="visually-hidden" role="status">
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
