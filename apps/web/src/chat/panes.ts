import type { Job, JobRequest } from '@promptlab/client'
import { Conversation, type FollowedJob, FramedStore, type TurnRequest } from '@promptlab/react'
import { client } from '../api.ts'
import { MAX_CHOICES } from '../composer/draft.ts'
import { newName, notesOf } from './notes.ts'

/** A conversation that is shown beside others. */
export interface Pane {
  /** The React key, which stays for as long as the pane is shown. */
  readonly key: number
  readonly conversation: Conversation
}

export interface PanesView {
  readonly panes: readonly Pane[]
  /** The newest job of each pane that has one. Undefined while one of them is being created. */
  readonly ids: readonly string[] | undefined
  readonly isGoingOn: boolean
  /** The newest job of each pane, after jobs were opened and not asked for by this page. Empty before they are loaded. */
  readonly opened: readonly Job[]
}

/** Whom the next question is for: all panes, one of them, or all, which then go on behind the answer of one. */
export type Target =
  | { readonly to: 'all' }
  | { readonly to: 'one'; readonly key: number }
  | { readonly to: 'all-behind'; readonly key: number }

/** The conversations that are shown side by side, up to four. */
export class Panes extends FramedStore<PanesView> {
  #nextKey = 0
  #unwatch: readonly (() => void)[] = []
  /** Whether the panes that are shown were opened, and their jobs are not known yet. */
  #isOpening = false

  constructor() {
    super({ panes: [], ids: [], isGoingOn: false, opened: [] })
  }

  /** Shows the conversations that end with these jobs. Those that are shown already stay as they are. */
  open(ids: readonly string[]): void {
    if (ids.join() === this.next.ids?.join()) return
    const shown = [...this.next.panes]
    this.#isOpening = ids.length > 0
    this.#show(
      ids.map((id) => {
        const index = shown.findIndex(({ conversation }) => conversation.id === id)
        return shown.splice(index, index === -1 ? 0 : 1)[0] ?? this.#pane(new Conversation(client, id))
      }),
    )
  }

  /** Asks each pane its question; without panes, in new ones. */
  ask(requests: readonly JobRequest[], target: Target): void {
    this.#isOpening = false
    const { panes } = this.next
    if (target.to === 'one') {
      const index = panes.findIndex(({ key }) => key === target.key)
      const request = requests[index] ?? requests[0]
      const conversation = panes[index]?.conversation
      if (request && conversation) conversation.send(turnRequest(request, notesOf(conversation)))
      return
    }
    const comparison = requests.length > 1 ? newName() : undefined
    const source = target.to === 'all-behind' ? panes.find(({ key }) => key === target.key) : undefined
    const next = requests.map((_, index) => {
      const pane = panes[index]
      if (pane && (!source || pane === source)) return pane
      const behind = source ?? panes[0]
      return { key: pane?.key ?? this.#nextKey++, conversation: this.#continued(behind?.conversation) }
    })
    for (const [index, { conversation }] of next.entries()) {
      const request = requests[index]
      if (request) conversation.send(turnRequest(request, notesOf(conversation, comparison)))
    }
    this.#show(next)
  }

  /** Shows a further conversation beside a pane, with the turns before one of the pane. */
  addBeside(pane: Pane, turn: FollowedJob): Conversation {
    const conversation = new Conversation(client, turn.view().job?.previousJobId)
    const { panes } = this.next
    this.#show(panes.toSpliced(panes.indexOf(pane) + 1, 0, this.#pane(conversation)).slice(0, MAX_CHOICES))
    return conversation
  }

  /** Shows another branch of the conversation of a pane. */
  showBranch(key: number, id: string): void {
    this.#isOpening = false
    const { panes } = this.next
    this.#show(panes.map((pane) => (pane.key === key ? { key, conversation: new Conversation(client, id) } : pane)))
  }

  close(key: number): void {
    this.#show(this.next.panes.filter((pane) => pane.key !== key))
  }

  /** Shows nothing of a job that was deleted. */
  closeJob(id: string): void {
    this.#show(this.next.panes.filter(({ conversation }) => conversation.id !== id))
  }

  /** Goes on with every pane after a fault. */
  resume(): void {
    for (const { conversation } of this.next.panes) conversation.resume()
  }

  stop(): void {
    for (const { conversation } of this.next.panes) void conversation.stop()
  }

  /** Stops watching. The jobs run on. */
  leave(): void {
    for (const { conversation } of this.next.panes) conversation.leave()
    this.forget()
  }

  #pane(conversation: Conversation): Pane {
    return { key: this.#nextKey++, conversation }
  }

  /** A conversation of its own that goes on behind another one. */
  #continued(of: Conversation | undefined): Conversation {
    return new Conversation(client, of?.id)
  }

  #show(panes: readonly Pane[]): void {
    for (const { conversation } of this.next.panes)
      if (!panes.some((pane) => pane.conversation === conversation)) conversation.leave()
    for (const unwatch of this.#unwatch) unwatch()
    for (const { conversation } of panes) conversation.resume()
    this.#unwatch = panes.map(({ conversation }) => conversation.subscribe(() => this.#watch()))
    this.set({ panes, ...stateOf(panes) })
  }

  #noteOpened(): void {
    const { panes } = this.next
    const opened = panes.flatMap(({ conversation }) => conversation.view().turns.at(-1)?.view().job ?? [])
    if (opened.length < panes.length) return
    this.#isOpening = false
    this.set({ opened })
  }

  #watch(): void {
    const { ids, isGoingOn } = stateOf(this.next.panes)
    if (ids?.join() !== this.next.ids?.join() || isGoingOn !== this.next.isGoingOn) this.set({ ids, isGoingOn })
    if (this.#isOpening) this.#noteOpened()
  }
}

function turnRequest({ previousJobId: _, ...request }: JobRequest, metadata: Record<string, string>): TurnRequest {
  return { ...request, metadata: { ...request.metadata, ...metadata } }
}

function stateOf(panes: readonly Pane[]): Pick<PanesView, 'ids' | 'isGoingOn'> {
  const isCreating = panes.some(({ conversation }) => conversation.id === undefined && conversation.isGoingOn)
  return {
    ids: isCreating ? undefined : panes.flatMap(({ conversation }) => newestId(conversation) ?? []),
    isGoingOn: panes.some(({ conversation }) => conversation.isGoingOn),
  }
}

/** The newest job of a conversation. A last turn that was refused has none. */
function newestId(conversation: Conversation): string | undefined {
  return conversation.id ?? conversation.view().turns.findLast(({ id }) => id !== undefined)?.id
}
