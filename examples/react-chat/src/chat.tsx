import { type FollowedJob, isEnded, isGoingOn, PromptLabProvider, useConversation, useStore } from '@promptlab/react'
import { type ComponentProps, StrictMode, useState, useSyncExternalStore } from 'react'
import { createRoot } from 'react-dom/client'
import { API, idInAddress, MODEL, onAddress } from './settings.ts'
import './chat.css'

function Chat() {
  const id = useSyncExternalStore(onAddress, idInAddress)
  const chat = useConversation({ id, onId: (newest) => location.assign(`#${newest}`) })
  const [edited, setEdited] = useState<FollowedJob>()
  const ask = (form: FormData) => {
    const request = { prompt: String(form.get('prompt')), ...MODEL }
    if (edited) chat.edit(edited, request)
    else chat.send(request)
    setEdited(undefined)
  }
  return (
    <main>
      <header>
        <h1>Chat</h1>
        <Button onClick={() => location.assign('#')}>New chat</Button>
      </header>
      <ol aria-label="Chat" aria-busy={chat.isLoading}>
        {chat.turns.map((turn) => (
          <Turn key={turn.key} turn={turn} onEdit={() => setEdited(turn)} onRerun={() => chat.rerun(turn)} />
        ))}
        {chat.fault && <li role="alert">{chat.fault.message}</li>}
      </ol>
      <form action={ask} key={edited?.key}>
        <input name="prompt" aria-label="Message" required defaultValue={edited?.view().asked?.prompt} />
        {chat.isGoingOn && <Button onClick={chat.stop}>Stop</Button>}
        <input type="submit" disabled={chat.isGoingOn} value={edited ? 'Ask again' : 'Send'} />
      </form>
    </main>
  )
}

function Turn({ turn, onEdit, onRerun }: { turn: FollowedJob; onEdit: () => void; onRerun: () => void }) {
  const { asked, text, phase, error } = useStore(turn)
  return (
    <li>
      <p>{asked?.prompt}</p>
      <p aria-busy={isGoingOn(phase)}>{text}</p>
      {phase === 'cancelled' && <small>Stopped</small>}
      {error && <p role="alert">{error.message}</p>}
      {error && <Button onClick={() => (isEnded(phase) ? onRerun() : turn.resume())}>Try again</Button>}
      <Button onClick={onEdit}>Edit</Button>
    </li>
  )
}

const Button = (props: ComponentProps<'button'>) => <button type="button" {...props} />

createRoot(document.getElementById('root') ?? document.body).render(
  <StrictMode>
    <PromptLabProvider client={API}>
      <Chat />
    </PromptLabProvider>
  </StrictMode>,
)
