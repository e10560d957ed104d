import { type KeyboardEvent, useId, useRef, useState } from 'react'
import type { Attachment } from './attachment.ts'
import { AttachIcon, LinkIcon } from './icons.tsx'

interface AttachButtonsProps {
  /** Whether the chosen providers take images by their address. */
  takesUrls: boolean
  onFiles: (files: readonly File[]) => void
  onAttach: (attachment: Attachment) => void
}

const ACCEPTED = 'image/*,application/pdf,text/*,.md,.csv,.json,.jsonl,.yaml,.yml,.xml,.ts,.js,.py,.sql,.log'

/** The button for files, and the one for the address of an image. */
export function AttachButtons({ takesUrls, onFiles, onAttach }: AttachButtonsProps) {
  const files = useRef<HTMLInputElement>(null)
  const opener = useRef<HTMLButtonElement>(null)
  const [isAsking, setIsAsking] = useState(false)
  const close = () => {
    setIsAsking(false)
    opener.current?.focus()
  }
  return (
    <>
      <input
        ref={files}
        type="file"
        className="visually-hidden"
        aria-label="Files to attach"
        tabIndex={-1}
        multiple
        accept={ACCEPTED}
        onChange={({ target }) => {
          onFiles([...(target.files ?? [])])
          // The same file may be chosen again after it was removed.
          target.value = ''
        }}
      />
      <button
        type="button"
        className="icon-button"
        aria-label="Attach images or files"
        title="Attach images or files. You can also paste or drop them."
        onClick={() => files.current?.click()}
      >
        <AttachIcon />
      </button>
      {takesUrls && (
        <button
          ref={opener}
          type="button"
          className="icon-button"
          aria-label="Attach an image by its address"
          title="Attach an image by its address"
          aria-expanded={isAsking}
          onClick={() => setIsAsking(!isAsking)}
        >
          <LinkIcon />
        </button>
      )}
      {takesUrls && isAsking && (
        <AddressField
          onClose={close}
          onUrl={(url) => {
            onAttach({ id: crypto.randomUUID(), type: 'image-url', url })
            close()
          }}
        />
      )}
    </>
  )
}

function AddressField({ onUrl, onClose }: { onUrl: (url: string) => void; onClose: () => void }) {
  const id = useId()
  const [typed, setTyped] = useState('')
  const [fault, setFault] = useState<string>()
  const add = () => {
    const found = addressFault(typed.trim())
    setFault(found)
    if (found === undefined) onUrl(typed.trim())
  }
  const keyDown = (event: KeyboardEvent) => {
    if (event.key === 'Escape') onClose()
    if (event.key !== 'Enter') return
    event.preventDefault()
    add()
  }
  return (
    <div className="address">
      <input
        type="url"
        aria-label="Address of the image"
        placeholder="https://…"
        // biome-ignore lint/a11y/noAutofocus: the field was asked for
        autoFocus
        value={typed}
        aria-invalid={fault !== undefined}
        aria-describedby={fault === undefined ? undefined : `${id}-fault`}
        onChange={({ target }) => {
          setTyped(target.value)
          setFault(undefined)
        }}
        onKeyDown={keyDown}
      />
      <button type="button" onClick={add}>
        Add
      </button>
      <button type="button" className="quiet" onClick={onClose}>
        Cancel
      </button>
      {fault !== undefined && (
        <p id={`${id}-fault`} className="field-faults">
          {fault}
        </p>
      )}
    </div>
  )
}

function addressFault(typed: string): string | undefined {
  const url = URL.canParse(typed) ? new URL(typed) : undefined
  if (url?.protocol !== 'https:') return 'Must be an address that begins with https://.'
  if (url.username !== '' || url.password !== '') return 'Must have no user or password.'
  return url.hostname.includes('.') ? undefined : 'Must be the address of a public host.'
}
