import { readFile } from 'node:fs/promises'
import { startServer, temporaryFolder } from '@promptlab/api/testing'
import { expect, it } from 'vitest'
import { runProgram } from './run-program.ts'

const PAGES = [
  ['README.md', /^curl .*^ID=.*^curl .*Last-Event-ID/ms],
  ['docs/calls.md', /^curl .*view=full.*^ID=.*\/rerun.*\/fork/ms],
] as const

/** A command of a console session, with the lines that continue it. */
const COMMAND = /^\$ (.*(?:\n {4}.*)*)$/gm

/** The same text for every run: ids and durations differ, and so do the blank lines between commands. */
function withoutChance(text: string): string {
  return text
    .replaceAll(/[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}/g, 'ID')
    .replaceAll(/(?<="\w+Ms":)\d+/g, 'N')
    .replaceAll(/\n+/g, '\n')
    .trim()
}

it.each(PAGES)('%s > its console sessions print what they show', async (path, known) => {
  const { url } = await startServer()
  const page = await readFile(new URL(`../../${path}`, import.meta.url), 'utf8')
  const session = [...page.matchAll(/^```console\n(.*?)^```/gms)].map(([, block]) => block).join('')
  const commands = [...session.matchAll(COMMAND)].map(([, command]) => command).join('\n')
  expect(commands).toMatch(known)
  const script = `cd '${await temporaryFolder()}'\n${commands.replaceAll('http://127.0.0.1:3000', url)}`
  expect(withoutChance(await runProgram('sh', ['-c', script]))).toBe(withoutChance(session.replaceAll(COMMAND, '')))
})
