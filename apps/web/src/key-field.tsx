import { type SubmitEvent, useState } from 'react'
import { readKey, storeKey } from './api.ts'

/** The form for the API key. */
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
        This server requires an API key. Your browser keeps the key until you close this tab.
        <input type="password" autoComplete="off" value={key} onChange={({ target }) => setKey(target.value)} />
      </label>
      <button type="submit" className="primary">
        Use key
      </button>
    </form>
  )
}
