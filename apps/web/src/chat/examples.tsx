import type { ProviderInfo } from '@promptlab/client'

interface Example {
  readonly title: string
  readonly prompt: string
}

const EXAMPLES: readonly Example[] = [
  {
    title: 'Explain with a table',
    prompt:
      'Compare SQLite, PostgreSQL and a JSON file as the store of a small web service. Answer with one table and one sentence.',
  },
  {
    title: 'Write a function',
    prompt:
      'Write a TypeScript function that splits a stream of bytes into lines, with a short example of how it is called.',
  },
  {
    title: 'Solve step by step',
    prompt:
      'A train leaves at 9:40 and arrives at 13:05 after 287 km. What was its average speed? Show the formula first.',
  },
  {
    title: 'Say it in five words',
    prompt: 'Describe the sea in five words, then in one line of Japanese, with a translation.',
  },
]

interface ExamplesProps {
  providers: readonly ProviderInfo[]
  onChoose: (prompt: string) => void
}

/** What a stranger sees first: what the page is, and questions to click. */
export function Examples({ providers, onChoose }: ExamplesProps) {
  const isOnlyEcho = providers.length > 0 && !providers.some(({ name, configured }) => configured && name !== 'echo')
  return (
    <section className="examples" aria-labelledby="examples-title">
      <h2 id="examples-title">Ask one model, or compare four.</h2>
      <p>
        Every answer is a job on your server: it goes on when you reload or leave, it streams to any number of readers,
        and its address opens it anywhere.
      </p>
      <ul>
        {EXAMPLES.map(({ title, prompt }) => (
          <li key={title}>
            <button type="button" onClick={() => onChoose(prompt)}>
              <strong>{title}</strong>
              <span>{prompt}</span>
            </button>
          </li>
        ))}
      </ul>
      {isOnlyEcho && (
        <p className="hint">
          No model is set up yet, so these run with <code>echo</code>, which repeats the question. Set{' '}
          <code>OPENAI_API_KEY</code>, <code>ANTHROPIC_API_KEY</code>, <code>GEMINI_API_KEY</code> or{' '}
          <code>OLLAMA_BASE_URL</code> in <code>.env</code> and start the server again.
        </p>
      )}
    </section>
  )
}
