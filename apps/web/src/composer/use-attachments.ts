import { type ClipboardEvent, type DragEvent, useEffect, useRef, useState } from 'react'
import { type Attachment, forgetOthers } from './attachment.ts'
import { readFiles } from './read-files.ts'

interface Attachments {
  /** Whether files are being read. */
  readonly isReading: boolean
  /** Whether files are held over the composer. */
  readonly isDropTarget: boolean
  /** Sentences about files that could not be attached. */
  readonly refused: readonly string[]
  readonly add: (files: readonly File[]) => Promise<void>
  readonly attach: (attachment: Attachment) => void
  readonly remove: (attachment: Attachment) => void
  /** The handlers of the element onto which files are pasted and dropped. */
  readonly handlers: {
    readonly onPaste: (event: ClipboardEvent) => void
    readonly onDragEnter: (event: DragEvent) => void
    readonly onDragOver: (event: DragEvent) => void
    readonly onDragLeave: (event: DragEvent) => void
    readonly onDrop: (event: DragEvent) => void
  }
}

/** Attaches files that are chosen, pasted and dropped. */
export function useAttachments(
  attachments: readonly Attachment[],
  onChange: (attachments: readonly Attachment[]) => void,
): Attachments {
  const latest = useRef({ attachments, onChange })
  latest.current = { attachments, onChange }
  const [reading, setReading] = useState(0)
  const [refused, setRefused] = useState<readonly string[]>([])
  // Entering a child of the composer comes before leaving its parent, so the entered ones are counted.
  const [entered, setEntered] = useState(0)
  useEffect(() => forgetOthers(attachments), [attachments])
  useEffect(keepDroppedFilesOut, [])

  const change = (changed: readonly Attachment[]) => {
    latest.current.attachments = changed
    latest.current.onChange(changed)
  }
  const add = async (files: readonly File[]) => {
    if (files.length === 0) return
    setReading((count) => count + 1)
    const read = await readFiles(files).finally(() => setReading((count) => count - 1))
    setRefused(read.refused)
    // What was there when all were read: the prompt may have been changed meanwhile.
    if (read.added.length > 0) change([...latest.current.attachments, ...read.added])
  }
  const ifFiles = (handle: (event: DragEvent) => void) => (event: DragEvent) => {
    if (!event.dataTransfer.types.includes('Files')) return
    event.preventDefault()
    handle(event)
  }
  return {
    isReading: reading > 0,
    isDropTarget: entered > 0,
    refused,
    add,
    attach: (attachment) => change([...latest.current.attachments, attachment]),
    remove: ({ id }) => {
      setRefused([])
      change(latest.current.attachments.filter((each) => each.id !== id))
    },
    handlers: {
      onPaste: (event) => {
        const { files, types } = event.clipboardData
        // Programs for texts put a picture of the text beside it. The text is meant.
        if (files.length === 0 || types.includes('text/plain')) return
        event.preventDefault()
        void add([...files])
      },
      onDragEnter: ifFiles(() => setEntered((count) => count + 1)),
      onDragOver: ifFiles((event) => {
        event.dataTransfer.dropEffect = 'copy'
      }),
      onDragLeave: ifFiles(() => setEntered((count) => Math.max(0, count - 1))),
      onDrop: ifFiles((event) => {
        setEntered(0)
        void add([...event.dataTransfer.files])
      }),
    },
  }
}

/** Files that are dropped beside the composer would otherwise replace the page. */
function keepDroppedFilesOut(): () => void {
  const refuse = (event: globalThis.DragEvent) => {
    if (event.defaultPrevented || !event.dataTransfer?.types.includes('Files')) return
    event.preventDefault()
    event.dataTransfer.dropEffect = 'none'
  }
  window.addEventListener('dragover', refuse)
  window.addEventListener('drop', refuse)
  return () => {
    window.removeEventListener('dragover', refuse)
    window.removeEventListener('drop', refuse)
  }
}
