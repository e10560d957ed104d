import { type SubmitEvent, useState } from 'react'
import { readKey, storeKey } from './api.ts'

/** Asks for the API key that the server wants. */
export function KeyField({ onStored }: { onStored: () => void }) {
  const [key, setKey] = useState(readKey() ?? '')
  const submit = (event: SubmitEvent) => {
    event.preventDefault()
    storeKey(key.trim())
    onStored()
  }
  return (
    <form className="key" onSubmit={submit}>
      <label>
        This server wants an API key. It is kept until this tab is closed.
        <input type="password" autoComplete="off" value={key} onChange={({ target }) => setKey(target.value)} />
      </label>
      <button type="submit" className="primary">
        Use key
      </button>
    </form>
  )
}
