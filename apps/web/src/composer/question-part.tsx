import type { ContentPart, ShownPart } from '@promptlab/client'
import { useEffect, useMemo, useState } from 'react'
import { client, explain } from '../api.ts'
import { prettyJson } from '../reading/pretty-json.ts'
import { base64Blob } from './base64-blob.ts'
import { FileIcon } from './icons.tsx'
import { sizeText } from './size-text.ts'
import { useObjectUrl } from './use-object-url.ts'

type Part = ShownPart | ContentPart

interface QuestionPartProps {
  jobId: string | undefined
  part: Part
  /** The names of the tools by the ids of their calls. */
  toolNames: ReadonlyMap<string, string>
}

/** A part of a message. Nothing in it is loaded from anywhere but this server. */
export function QuestionPart({ jobId, part, toolNames }: QuestionPartProps) {
  switch (part.type) {
    case 'text':
      return <Text jobId={jobId} part={part} />
    case 'reasoning':
    case 'refusal':
      return (
        <div className="question-aside">
          <p className="question-role">{part.type === 'reasoning' ? 'Reasoning' : 'Refusal'}</p>
          <Text jobId={jobId} part={part} />
        </div>
      )
    case 'image':
      return 'url' in part && part.url !== undefined ? <Address part={part} /> : <Image jobId={jobId} part={part} />
    case 'file':
      return 'url' in part && part.url !== undefined ? <Address part={part} /> : <File jobId={jobId} part={part} />
    case 'tool-call':
      return (
        <div className="question-aside">
          <p className="question-role">
            Call of <code>{part.name}</code>
          </p>
          {typeof part.arguments === 'string' ? (
            <pre>
              <code>{prettyJson(part.arguments)}</code>
            </pre>
          ) : (
            <Text jobId={jobId} part={part.arguments} />
          )}
        </div>
      )
    case 'tool-result':
      return <ToolResult jobId={jobId} part={part} toolNames={toolNames} />
  }
}

function ToolResult({
  jobId,
  part,
  toolNames,
}: Omit<QuestionPartProps, 'part'> & { part: Extract<Part, { type: 'tool-result' }> }) {
  const { callId, content } = part
  const inner: readonly Part[] = typeof content === 'string' ? [{ type: 'text', text: content }] : content
  return (
    <div className="question-aside">
      <p className="question-role">
        Result of <code>{toolNames.get(callId) ?? callId}</code>
      </p>
      {inner.map((each, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: the parts of a message never change
        <QuestionPart key={index} jobId={jobId} part={each} toolNames={toolNames} />
      ))}
    </div>
  )
}

/** A text as it was written. A long one, which the server keeps apart, is fetched when it is asked for. */
function Text({
  jobId,
  part,
}: {
  jobId: string | undefined
  part: { text: string } | { item: string; bytes: number }
}) {
  const [text, setText] = useState('text' in part ? part.text : undefined)
  const item = useItem(jobId, 'item' in part ? part.item : undefined)
  const show = async () => setText(await (await item.load())?.text())
  if (text !== undefined) return <p className="question-words">{text}</p>
  return (
    <p>
      <button type="button" disabled={item.isLoading} onClick={() => void show()}>
        Show the text{'bytes' in part ? `, ${sizeText(part.bytes)}` : ''}
      </button>
      <ItemFault fault={item.fault} />
    </p>
  )
}

function Image({ jobId, part }: { jobId: string | undefined; part: Extract<Part, { type: 'image' }> }) {
  const key = 'item' in part ? part.item : undefined
  const { load, fault } = useItem(jobId, key)
  const sent = useMemo(
    () => ('data' in part && part.data !== undefined ? base64Blob(part.data, part.mediaType) : undefined),
    [part],
  )
  const [fetched, setFetched] = useState<Blob>()
  useEffect(() => {
    if (key === undefined) return
    let isGone = false
    void load().then((blob) => isGone || setFetched(blob))
    return () => {
      isGone = true
    }
  }, [key, load])
  const url = useObjectUrl(sent ?? fetched)
  if (fault !== undefined) return <ItemFault fault={fault} />
  return url === undefined ? (
    <span className="question-image" aria-busy="true" />
  ) : (
    <img className="question-image" src={url} alt="Attached to the question" />
  )
}

function File({ jobId, part }: { jobId: string | undefined; part: Extract<Part, { type: 'file' }> }) {
  const item = useItem(jobId, 'item' in part ? part.item : undefined)
  const name = part.name ?? `file.${part.mediaType?.replace(/^.*\//, '') ?? 'bin'}`
  const download = async () => {
    const data = 'data' in part ? part.data : undefined
    const blob = data === undefined ? await item.load() : base64Blob(data, part.mediaType ?? '')
    if (blob) save(blob, name)
  }
  return (
    <p>
      <button type="button" className="question-file" disabled={item.isLoading} onClick={() => void download()}>
        <FileIcon />
        <span className="visually-hidden">Download </span>
        {name}
        {'bytes' in part && <small>{sizeText(part.bytes)}</small>}
      </button>
      <ItemFault fault={item.fault} />
    </p>
  )
}

/** Content that the vendor reads itself. The page does not load it: that would tell the address who reads the question. */
function Address({ part }: { part: Extract<Part, { type: 'image' | 'file' }> & { url?: string | undefined } }) {
  if (part.url === undefined) return null
  return (
    <p className="question-words">
      {part.type === 'image' ? 'Image: ' : 'File: '}
      <a href={/^https:/i.test(part.url) ? part.url : undefined} rel="noreferrer" target="_blank">
        {part.url}
      </a>
    </p>
  )
}

function ItemFault({ fault }: { fault: string | undefined }) {
  if (fault === undefined) return null
  return (
    <span className="field-faults" role="alert">
      {fault}
    </span>
  )
}

/** Fetches an item of a job. */
function useItem(jobId: string | undefined, item: string | undefined) {
  const [isLoading, setIsLoading] = useState(false)
  const [fault, setFault] = useState<string>()
  const load = useMemo(
    () => async (): Promise<Blob | undefined> => {
      if (jobId === undefined || item === undefined) return undefined
      setIsLoading(true)
      setFault(undefined)
      try {
        return await client.item(jobId, item)
      } catch (error) {
        setFault(explain(error).message)
        return undefined
      } finally {
        setIsLoading(false)
      }
    },
    [jobId, item],
  )
  return { load, isLoading, fault }
}

function save(blob: Blob, name: string): void {
  const url = URL.createObjectURL(blob)
  const link = document.createElement('a')
  link.href = url
  link.download = name
  link.click()
  // The download has begun, but reads from the address a little longer.
  setTimeout(() => URL.revokeObjectURL(url), 60_000)
}
