import { useChat } from '@ai-sdk/react'
import type { JobUIMessage, PromptLabChatTransport } from '@promptlab/client/ai-sdk'
import { type FormEvent, useState } from 'react'

interface ChatProps {
  id: string
  messages: JobUIMessage[]
  transport: PromptLabChatTransport<JobUIMessage>
}

export function Chat(chat: ChatProps) {
  // `resume` goes on with an answer that is under way when the page is loaded.
  const { messages, sendMessage, regenerate, stop, status, error } = useChat<JobUIMessage>({ ...chat, resume: true })
  const [text, setText] = useState('')
  // A page that was loaded later knows a failure only from the message.
  const failure = error?.message ?? messages.at(-1)?.metadata?.error
  const isAnswering = status === 'submitted' || status === 'streaming'

  const send = (event: FormEvent) => {
    event.preventDefault()
    if (text.trim() === '' || isAnswering) return
    void sendMessage({ text })
    setText('')
  }

  return (
    <main>
      <h1>Chat</h1>
      <section aria-live="polite" aria-busy={isAnswering}>
        {messages.map((message) => (
          <Message key={message.id} message={message} />
        ))}
      </section>
      {failure && (
        <p role="alert">
          {failure}{' '}
          <button type="button" onClick={() => void regenerate()}>
            Try again
          </button>
        </p>
      )}
      <form onSubmit={send}>
        <input
          aria-label="Message"
          placeholder="Say something"
          value={text}
          onChange={(event) => setText(event.target.value)}
        />
        {isAnswering ? (
          <button type="button" onClick={() => void stop()}>
            Stop
          </button>
        ) : (
          <button type="submit">Send</button>
        )}
      </form>
    </main>
  )
}

function Message({ message: { role, parts, metadata } }: { message: JobUIMessage }) {
  const textOf = (type: 'reasoning' | 'text') => parts.map((part) => (part.type === type ? part.text : '')).join('')
  return (
    <article className={role}>
      {textOf('reasoning') && <blockquote>{textOf('reasoning')}</blockquote>}
      <p>{textOf('text')}</p>
      {metadata?.status === 'cancelled' && <small>Stopped.</small>}
      {metadata?.status === 'failed' && <small>Not finished.</small>}
      {metadata?.finishReason === 'length' && <small>Cut off: the answer has reached its longest length.</small>}
    </article>
  )
}
