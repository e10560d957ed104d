import { messagesOf } from '@promptlab/client/ai-sdk'
import { client } from '../../promptlab'
import { Chat } from './chat'

export default async function ChatPage({ params }: { params: Promise<{ id: string }> }) {
  const { id } = await params
  // The job server has the messages. This app needs no database.
  return <Chat id={id} messages={await messagesOf(client, id)} />
}
