import type { UIMessage, UIMessageChunk } from 'ai'
import { isToolPart, textOf, toolNameOf } from './tool-part.ts'

/** The chunks that make these parts of a message, which was there before the answer went on. */
export function* earlierChunks(parts: readonly UIMessage['parts'][number][]): Generator<UIMessageChunk, void> {
  let hasStep = false
  for (const [index, part] of parts.entries()) {
    const id = `earlier-${index}`
    if (part.type === 'step-start') {
      if (hasStep) yield { type: 'finish-step' }
      hasStep = true
      yield { type: 'start-step' }
    } else if (part.type === 'text') {
      yield { type: 'text-start', id }
      yield { type: 'text-delta', id, delta: part.text }
      yield { type: 'text-end', id }
    } else if (isToolPart(part)) {
      const { toolCallId } = part
      // Not `tool-input-available`: for each of them useChat calls `onToolCall`, which would run the tool again.
      yield { type: 'tool-input-start', toolCallId, toolName: toolNameOf(part) }
      yield { type: 'tool-input-delta', toolCallId, inputTextDelta: textOf(part.input) }
      if (part.state === 'output-available') yield { type: 'tool-output-available', toolCallId, output: part.output }
    }
  }
  if (hasStep) yield { type: 'finish-step' }
}
