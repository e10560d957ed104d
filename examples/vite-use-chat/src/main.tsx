import { PromptLabClient } from '@promptlab/client'
import { type JobUIMessage, messagesOf, PromptLabChatTransport } from '@promptlab/client/ai-sdk'
import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { Chat } from './chat.tsx'
import './chat.css'

const env = import.meta.env
// A page that sends an API key shows it to everybody who opens it. Route handlers, as in nextjs-chat, keep it on a server.
const client = new PromptLabClient({ baseUrl: env['VITE_PROMPTLAB_URL'] ?? 'http://127.0.0.1:3000' })
const transport = new PromptLabChatTransport<JobUIMessage>({
  client,
  provider: env['VITE_PROMPTLAB_PROVIDER'] ?? 'echo',
  model: env['VITE_PROMPTLAB_MODEL'] ?? 'echo',
})

// The address names the chat, and the job server has its messages.
const id = location.hash.slice(1) || crypto.getRandomValues(new Uint32Array(4)).join('-')
history.replaceState(null, '', `#${id}`)
const messages = await messagesOf(client, id)

const root = document.getElementById('root')
if (root)
  createRoot(root).render(
    <StrictMode>
      <Chat id={id} messages={messages} transport={transport} />
    </StrictMode>,
  )
