import type { PromptLabClient } from '@promptlab/client'
import { type FollowedJob, PromptLabProvider, useConversation, useJob, useStore } from '@promptlab/react'
import { StrictMode, useState } from 'react'
import { flushSync } from 'react-dom'

const MODEL = { provider: 'scripted', model: 'script-1' }

export interface PageProps {
  readonly client: PromptLabClient | string
  readonly probe: string
  readonly id: string | undefined
}

/** A page that tests of the hooks press the buttons of. */
export function Page({ client, probe, id }: PageProps) {
  const [isShown, setShown] = useState(true)
  const Probe = probe === 'job' ? JobProbe : ChatProbe
  return (
    <StrictMode>
      <PromptLabProvider client={client}>{isShown && <Probe id={id} />}</PromptLabProvider>
      <button type="button" onClick={() => setShown(!isShown)}>
        Mount
      </button>
    </StrictMode>
  )
}

function JobProbe({ id: first }: { id: string | undefined }) {
  const [id, setId] = useState(first)
  const [told, setTold] = useState<readonly string[]>([])
  const [input, setInput] = useState('')
  const { job, create, rerun, fork, cancel, resume } = useJob({
    id,
    onCreated: (created) => {
      setId(created)
      setTold((before) => [...before, created])
    },
  })
  const request = { prompt: input, ...MODEL }
  const showEach = () => {
    for (const each of input.split(',')) flushSync(() => setId(each === '' ? undefined : each))
  }
  const createTwo = () => {
    create({ ...request, prompt: 'first' })
    create(request)
  }
  return (
    <main>
      <input aria-label="Input" value={input} onChange={({ target }) => setInput(target.value)} />
      <Button name="Create" onClick={() => create(request)} />
      <Button name="Create two" onClick={createTwo} />
      <Button name="Rerun" onClick={() => rerun()} />
      <Button name="Fork" onClick={() => fork({ at: 'end', prompt: input })} />
      <Button name="Cancel" onClick={() => void cancel()} />
      <Button name="Resume" onClick={resume} />
      <Button name="Show each" onClick={showEach} />
      <output aria-label="Phase">{job?.phase ?? 'none'}</output>
      <output aria-label="Text">{job?.text}</output>
      <output aria-label="Told">{told.join()}</output>
    </main>
  )
}

function ChatProbe({ id: first }: { id: string | undefined }) {
  const [id, setId] = useState(first)
  const [input, setInput] = useState('')
  const chat = useConversation({
    id,
    onId: (newest) => {
      setId(newest)
      history.replaceState(null, '', `#${newest}`)
    },
  })
  const request = { prompt: input, ...MODEL }
  const last = chat.turns.at(-1)
  return (
    <main aria-busy={chat.isLoading}>
      <input aria-label="Input" value={input} onChange={({ target }) => setInput(target.value)} />
      <Button name="Send" onClick={() => chat.send(request)} />
      <Button name="Stop" onClick={() => void chat.stop()} />
      <Button name="New" onClick={() => setId(undefined)} />
      <ol>
        {chat.turns.map((turn, index) => (
          <li key={turn.id ?? index}>
            <Turn turn={turn} />
            <Button name="Edit" onClick={() => chat.edit(turn, request)} />
          </li>
        ))}
      </ol>
      <section aria-label="Last">{last && <Turn turn={last} />}</section>
      <output aria-label="State">{chat.isLoading ? 'loading' : chat.isGoingOn ? 'going on' : 'quiet'}</output>
    </main>
  )
}

function Turn({ turn }: { turn: FollowedJob }) {
  const { asked, text, phase } = useStore(turn)
  return (
    <p>
      {asked?.prompt} → {text} ({phase})
    </p>
  )
}

function Button({ name, onClick }: { name: string; onClick: () => void }) {
  return (
    <button type="button" onClick={onClick}>
      {name}
    </button>
  )
}
