import { useMemo } from 'react'
import { type Attachment, contentOf } from './attachment.ts'
import { base64Blob } from './base64-blob.ts'
import type { Fault } from './fault.ts'
import { CloseIcon, FileIcon, LinkIcon } from './icons.tsx'
import { sizeText } from './size-text.ts'
import { useObjectUrl } from './use-object-url.ts'

interface AttachmentListProps {
  attachments: readonly Attachment[]
  faults: readonly Fault[]
  onRemove: (attachment: Attachment) => void
}

/** The attachments with their thumbnails, names and sizes. */
export function AttachmentList({ attachments, faults, onRemove }: AttachmentListProps) {
  const general = faults.filter(({ attachmentId }) => attachmentId === undefined)
  return (
    <>
      {attachments.length > 0 && (
        <ul className="attachments" aria-label="Attachments">
          {attachments.map((attachment) => {
            const name = nameOf(attachment)
            const own = faults.filter(({ attachmentId }) => attachmentId === attachment.id)
            return (
              <li key={attachment.id} className={own.length > 0 ? 'attachment wrong' : 'attachment'}>
                <Thumbnail attachment={attachment} />
                <span className="attachment-words">
                  <span className="attachment-name" title={name}>
                    {name}
                  </span>
                  <span className="attachment-about">{aboutOf(attachment)}</span>
                  {own.map(({ message }) => (
                    <span key={message} className="attachment-fault">
                      {message}
                    </span>
                  ))}
                </span>
                <button
                  type="button"
                  className="chip-remove"
                  aria-label={`Remove ${name}`}
                  onClick={() => onRemove(attachment)}
                >
                  <CloseIcon />
                </button>
              </li>
            )
          })}
        </ul>
      )}
      {general.length > 0 && (
        <ul className="field-faults">
          {general.map(({ message }) => (
            <li key={message}>{message}</li>
          ))}
        </ul>
      )}
    </>
  )
}

function Thumbnail({ attachment }: { attachment: Attachment }) {
  const blob = useMemo(() => imageBlob(attachment), [attachment])
  const url = useObjectUrl(blob)
  if (url !== undefined) return <img className="thumbnail" src={url} alt="" />
  return <span className="thumbnail">{attachment.type === 'image-url' ? <LinkIcon /> : <FileIcon />}</span>
}

function imageBlob(attachment: Attachment): Blob | undefined {
  const content = attachment.type === 'image' ? contentOf(attachment) : undefined
  return attachment.type === 'image' && content !== undefined ? base64Blob(content, attachment.mediaType) : undefined
}

function nameOf(attachment: Attachment): string {
  return attachment.type === 'image-url' ? attachment.url : attachment.name
}

function aboutOf(attachment: Attachment): string {
  switch (attachment.type) {
    case 'image-url':
      return 'image, read by the vendor'
    case 'text':
      return `${sizeText(attachment.bytes)}, sent as text`
    case 'file':
      return `PDF, ${sizeText(attachment.bytes)}`
    case 'image':
      return attachment.note === undefined
        ? sizeText(attachment.bytes)
        : `${sizeText(attachment.bytes)}, ${attachment.note}`
  }
}
