import { redirect } from 'next/navigation'

// Each visit is a new chat, so the page is never made at build time.
export const dynamic = 'force-dynamic'

export default function NewChat() {
  redirect(`/chat/${crypto.randomUUID()}`)
}
