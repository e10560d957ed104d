import type { Problem } from '@promptlab/client'
import type { Conversation, FollowedJob } from '@promptlab/react'
import { editedRequest, resultsRequest } from './like-job.ts'
import { newName, notesOf } from './notes.ts'
import type { Pane, Target } from './panes.ts'
import type { TurnActions } from './turn.tsx'
import { questionText } from './turn-text.ts'

/** What the page does for a turn. */
export interface PageActions {
  readonly reply: (target: Target) => void
  readonly rerunElsewhere: (pane: Pane, turn: FollowedJob) => void
  readonly showBranch: (pane: Pane, id: string) => void
  readonly onFault: (error: unknown) => void
  readonly onRefused: (pane: Pane, problem: Problem) => void
}

/** What a reader may do with the turns of a pane that is shown beside others. */
export function paneActions(pane: Pane, shown: readonly Pane[], page: PageActions): TurnActions {
  const { key, conversation } = pane
  const isAlone = shown.length === 1
  return {
    isShared: (turn) => twinsOf(turn, conversation, shown).length > 1,
    edit: (turn, text, isForAll) => {
      const twins = isForAll ? twinsOf(turn, conversation, shown) : [{ conversation, turn }]
      const comparison = twins.length > 1 ? newName() : undefined
      Promise.all(twins.map((twin) => edit(twin, text, comparison))).catch(page.onFault)
    },
    rerun: (turn) => void conversation.rerun(turn, { metadata: notesOf(conversation) }),
    rerunElsewhere: (turn) => page.rerunElsewhere(pane, turn),
    fork: (turn, fork) => void conversation.fork(turn, { ...fork, metadata: notesOf(conversation) }),
    sendResults: (turn, results) => {
      const { job } = turn.view()
      if (job) conversation.send(resultsRequest(job, results, notesOf(conversation)))
    },
    showBranch: (id) => page.showBranch(pane, id),
    onRefused: (problem) => page.onRefused(pane, problem),
    goOnHere: isAlone ? undefined : () => page.reply({ to: 'one', key }),
    goOnWithAll: isAlone ? undefined : () => page.reply({ to: 'all-behind', key }),
  }
}

interface Twin {
  readonly conversation: Conversation
  readonly turn: FollowedJob
}

/** The turns of all panes that ask the same question at the same place, the turn itself among them. */
function twinsOf(turn: FollowedJob, conversation: Conversation, shown: readonly Pane[]): Twin[] {
  const index = conversation.view().turns.indexOf(turn)
  const question = questionText(turn.view())
  return shown.flatMap((other) => {
    const twin = other.conversation.view().turns[index]
    if (!twin || questionText(twin.view()) !== question) return []
    return { conversation: other.conversation, turn: twin }
  })
}

async function edit({ conversation, turn }: Twin, text: string, comparison: string | undefined): Promise<void> {
  const { job, asked } = turn.view()
  const metadata = notesOf(conversation, comparison)
  if (job) conversation.edit(turn, await editedRequest(job, text, metadata))
  else if (asked) conversation.edit(turn, { ...asked, metadata, messages: undefined, prompt: text })
}
