import type { DynamicToolUIPart, ToolUIPart, UIMessage } from 'ai'

type Part = UIMessage['parts'][number]
export type ToolPart = ToolUIPart | DynamicToolUIPart

export function isToolPart(part: Part): part is ToolPart {
  return part.type === 'dynamic-tool' || part.type.startsWith('tool-')
}

export function toolNameOf(part: ToolPart): string {
  return part.type === 'dynamic-tool' ? part.toolName : part.type.slice('tool-'.length)
}

/** The result of a tool call as text for the model; undefined if there is none yet. */
export function toolResultOf(part: ToolPart): string | undefined {
  switch (part.state) {
    case 'output-available':
      return textOf(part.output)
    case 'output-error':
      return part.errorText
    case 'output-denied':
      return part.approval.reason ?? DENIED
    case 'approval-responded':
      return part.approval.approved ? undefined : (part.approval.reason ?? DENIED)
    default:
      return undefined
  }
}

const DENIED = 'The user did not allow this call.'

/** A value as the text that stands for it: JSON, unless it is a text already. */
export function textOf(value: unknown): string {
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? 'null')
}
