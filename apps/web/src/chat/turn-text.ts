import type { Job, ShownPart } from '@promptlab/client'
import type { Asked, JobView } from '@promptlab/react'

/** The text of a question; the beginning of one whose text the server keeps elsewhere. */
export function questionText({ asked, job }: Pick<JobView, 'asked' | 'job'>): string {
  if (job) return job.prompt
  return asked?.prompt ?? lastText(asked?.messages) ?? ''
}

/** A conversation as Markdown, each question with its answer. */
export function markdownOf(views: readonly JobView[]): string {
  return views
    .map((view) => {
      const { provider = '', model = '' } = view.metrics?.answeredBy ?? view.asked ?? {}
      return `**You**\n\n${questionText(view)}\n\n**${provider} · ${model}**\n\n${answerMarkdown(view)}\n`
    })
    .join('\n---\n\n')
}

/** An answer as Markdown: its text and refusals as they are, tool calls as code. */
export function answerMarkdown({ parts }: Pick<JobView, 'parts'>): string {
  return parts
    .flatMap((part) => {
      if (part.type === 'reasoning') return []
      return part.type === 'tool-call' ? `\`\`\`json\n// ${part.name}\n${part.arguments}\n\`\`\`` : part.text
    })
    .join('\n\n')
}

/** Whether a question can be written again in the page: it is a prompt, or one message of the user. */
export function isEditable(job: Job | undefined): boolean {
  if (!job?.messages || job.forkOf) return true
  return job.messages.length === 1 && job.messages[0]?.role === 'user'
}

/** The parts of the only message of a job that are no text. */
export function attachedParts(job: Job | undefined): readonly ShownPart[] {
  const content = job?.forkOf ? undefined : job?.messages?.[0]?.content
  return Array.isArray(content) ? content.filter(({ type }) => type !== 'text') : []
}

function lastText(messages: Asked['messages']): string | undefined {
  const content = messages?.findLast(({ role }) => role === 'user')?.content
  if (typeof content === 'string' || content === undefined) return content
  return content.flatMap((part) => (part.type === 'text' ? part.text : [])).join('\n')
}
