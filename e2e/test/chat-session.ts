import { Chat } from '@ai-sdk/react'
import type { JobUIMessage } from '@promptlab/client/ai-sdk'
import type { ChatInit, UIMessage } from 'ai'
import { onTestFinished } from 'vitest'

/** The chat behind `useChat`, with promises for what its page would show. Its requests end with the test. */
export class ChatSession extends Chat<JobUIMessage> {
  constructor(init: ChatInit<JobUIMessage>) {
    super(init)
    onTestFinished(() => this.stop())
  }

  /** The last message, if it is of the assistant. */
  get answer(): JobUIMessage | undefined {
    return this.lastMessage?.role === 'assistant' ? this.lastMessage : undefined
  }

  /** Resolves when the condition holds. */
  until(holds: (chat: this) => boolean): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    const check = () => {
      if (holds(this)) resolve()
    }
    const leave = [
      this['~registerMessagesCallback'](check),
      this['~registerStatusCallback'](check),
      this['~registerErrorCallback'](check),
    ]
    check()
    return promise.finally(() => {
      for (const each of leave) each()
    })
  }

  /** Resolves when the last answer has this text. */
  says(text: string): Promise<void> {
    return this.until(({ answer }) => textOf(answer) === text)
  }
}

/** The text of a message. */
export function textOf(message: UIMessage | undefined): string {
  return message?.parts.flatMap((part) => (part.type === 'text' ? part.text : [])).join('') ?? ''
}
