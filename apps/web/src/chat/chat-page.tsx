import type { JobRequest, ProviderInfo } from '@promptlab/client'
import { type FollowedJob, useStore } from '@promptlab/react'
import { useEffect, useMemo, useRef, useState } from 'react'
import { explain } from '../api.ts'
import { Composer } from '../composer/composer.tsx'
import { type Draft, MAX_CHOICES, requestsOf } from '../composer/draft.ts'
import type { Fault } from '../composer/fault.ts'
import { ModelPicker } from '../composer/model-picker.tsx'
import { faultsOfProblem } from '../composer/problem-faults.ts'
import { adoptedDraft } from './adopted-draft.ts'
import { Examples } from './examples.tsx'
import { notesOf } from './notes.ts'
import { Pane } from './pane.tsx'
import { type PageActions, paneActions } from './pane-actions.ts'
import type { Panes, Pane as ShownPane, Target } from './panes.ts'
import { TargetLine } from './target-line.tsx'
import { useAddress } from './use-address.ts'
import { useStickToEnd } from './use-stick-to-end.ts'

interface ChatPageProps {
  /** The jobs in the address. */
  ids: readonly string[]
  panes: Panes
  draft: Draft
  /** Undefined while they are loaded. */
  providers: readonly ProviderInfo[] | undefined
  onDraft: (draft: Draft) => void
  /** Called when jobs have been created. */
  onCreated: () => void
  /** Called with a sentence for screen readers. */
  onNews: (news: string) => void
}

const ALL: Target = { to: 'all' }
const NO_PROVIDERS: readonly ProviderInfo[] = []

/** Conversations side by side, above the composer. */
export function ChatPage({ ids, panes, draft, providers = NO_PROVIDERS, onDraft, onCreated, onNews }: ChatPageProps) {
  const { panes: shown, isGoingOn } = useStore(panes)
  const [chosen, setTarget] = useState<Target>(ALL)
  const target = chosen.to !== 'all' && !shown.some(({ key }) => key === chosen.key) ? ALL : chosen
  const [rerun, setRerun] = useState<{ pane: ShownPane; turn: FollowedJob }>()
  const [refused, setRefused] = useState<readonly Fault[]>([])
  const sent = useRef<Draft>(undefined)
  const composer = useRef<HTMLDivElement>(null)
  useAddress(ids, panes, () => {
    onCreated()
    // What was typed goes once the jobs exist, so that a question that is refused can be corrected.
    const asked = sent.current
    sent.current = undefined
    if (asked && draft.prompt === asked.prompt) onDraft({ ...draft, prompt: '', attachments: [] })
  })
  useStickToEnd(isGoingOn)
  useAdoptedDraft(panes, draft, onDraft)

  const ask = (requests: readonly JobRequest[]) => {
    panes.ask(requests, target)
    setTarget(ALL)
  }
  const page = useRef<PageActions>(undefined)
  page.current = {
    reply: (next) => {
      setTarget(next)
      composer.current?.querySelector('textarea')?.focus()
    },
    rerunElsewhere: (pane, turn) => setRerun({ pane, turn }),
    showBranch: (pane, id) => panes.showBranch(pane.key, id),
    onFault: (error) => onNews(`The question could not be sent. ${explain(error).message}`),
    onRefused: (pane, problem) => {
      const asked = sent.current
      if (!asked) return
      setRefused(faultsOfProblem(problem, asked, shown.indexOf(pane)))
    },
  }
  // The same objects as long as the same panes are shown, so that nothing else renders a turn.
  const actions = useMemo(() => {
    const latest: PageActions = {
      reply: (next) => page.current?.reply(next),
      rerunElsewhere: (pane, turn) => page.current?.rerunElsewhere(pane, turn),
      showBranch: (pane, id) => page.current?.showBranch(pane, id),
      onFault: (error) => page.current?.onFault(error),
      onRefused: (pane, problem) => page.current?.onRefused(pane, problem),
    }
    return shown.map((pane) => paneActions(pane, shown, latest))
  }, [shown])

  return (
    <>
      {shown.length === 0 ? (
        <Examples providers={providers} onChoose={(prompt) => ask(requestsOf({ ...draft, prompt }))} />
      ) : (
        <div className="panes" data-count={shown.length}>
          {shown.map((pane, index) => {
            const own = actions[index]
            return (
              own && (
                <Pane
                  key={pane.key}
                  conversation={pane.conversation}
                  number={index + 1}
                  actions={own}
                  onClose={shown.length > 1 ? () => panes.close(pane.key) : undefined}
                  onNews={onNews}
                />
              )
            )
          })}
        </div>
      )}
      <div className="composer-dock" ref={composer}>
        <Composer
          target={target !== ALL && <TargetLine target={target} panes={shown} onAll={() => setTarget(ALL)} />}
          refused={refused}
          draft={draft}
          providers={providers}
          isRunning={isGoingOn}
          onChange={onDraft}
          onRun={() => {
            sent.current = draft
            ask(requestsOf(draft))
          }}
          onStopAll={() => panes.stop()}
        />
      </div>
      {rerun && (
        <ModelPicker
          title={shown.length < MAX_CHOICES ? 'Run with another model, beside this answer' : 'Run with another model'}
          providers={providers}
          chosen={undefined}
          onChoose={({ provider, model }) => {
            const { pane, turn } = rerun
            const conversation = shown.length < MAX_CHOICES ? panes.addBeside(pane, turn) : pane.conversation
            conversation.rerun(turn, { provider, model, metadata: notesOf(conversation) })
            setRerun(undefined)
          }}
          onClose={() => setRerun(undefined)}
        />
      )}
    </>
  )
}

/** Takes the models and the options of conversations that were opened, as the next question does not inherit them. */
function useAdoptedDraft(panes: Panes, draft: Draft, onDraft: (draft: Draft) => void): void {
  const { opened } = useStore(panes)
  const latest = useRef({ draft, onDraft })
  latest.current = { draft, onDraft }
  useEffect(() => {
    const { draft, onDraft } = latest.current
    if (opened.length > 0) onDraft(adoptedDraft(opened, draft))
  }, [opened])
}
