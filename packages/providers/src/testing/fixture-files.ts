import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Fixture } from '@promptlab/contract'
import { onTestFinished } from 'vitest'
import type { CompletionOptions } from '../llm-provider.ts'
import type { Message } from '../message.ts'
import { type ReplayOptions, ReplayProvider } from '../replay/replay-provider.ts'

/** A fixture before it gets its version. */
type Written = Omit<Fixture, 'version'>

/** A folder with these files, and a function that writes another one. Removed when the test ends. */
export function folderWith(files: Readonly<Record<string, Written | string>>) {
  const folder = mkdtempSync(join(tmpdir(), 'replay-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const write = (name: string, content: Written | string) =>
    writeFileSync(
      join(folder, name),
      typeof content === 'string' ? content : JSON.stringify({ version: 1, ...content }),
    )
  for (const [name, content] of Object.entries(files)) write(name, content)
  return { folder, write }
}

/** A fixture that answers a prompt with its own words. */
export function fixtureOf(prompt: string, rest: Partial<Written> = {}): Written {
  const answer = prompt.split(/(?= )/).map((word) => text(word))
  return { request: { provider: 'openai', model: 'gpt-4', prompt }, answer, end: { finishReason: 'stop' }, ...rest }
}

/** A piece of text. */
export function text(words: string, afterMs?: number) {
  return { type: 'text' as const, text: words, ...(afterMs !== undefined && { afterMs }) }
}

/** A provider that plays the fixtures of a folder at once. */
export function providerOf(folder: string, options: Partial<ReplayOptions> = {}) {
  return new ReplayProvider({ name: 'replay', folder, speed: 0, ...options })
}

/** Asks a provider. */
export function play(
  provider: ReplayProvider,
  prompt: string | readonly Message[],
  options: Partial<CompletionOptions> = {},
) {
  return provider.complete(prompt, { model: 'gpt-4', signal: new AbortController().signal, ...options })
}
