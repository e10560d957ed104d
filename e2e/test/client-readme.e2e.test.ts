import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { startServer, temporaryFolder } from '@promptlab/api/testing'
import { expect, it } from 'vitest'
import { needPrograms } from './need-programs.ts'
import { runProgram } from './run-program.ts'

const E2E = fileURLToPath(new URL('..', import.meta.url))
const README = new URL('../../packages/client/README.md', import.meta.url)

/** The README's code blocks in a language, with the address of the test's server. */
async function snippets(language: string, url: string): Promise<string[]> {
  const text = await readFile(README, 'utf8')
  const blocks = [...text.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\``, 'gms'))].map(([, code = '']) => code)
  return blocks.map((code) => code.replaceAll('http://127.0.0.1:3000', url))
}

it('README of the client > its TypeScript compiles, and prints the tokens, the metrics, the pieces, the job that was found, the jobs of jobs, the changes and the error', async () => {
  const { url } = await startServer()
  const folder = await temporaryFolder()
  const [basics = '', conversation = '', found = '', again = '', feed = '', failure = '', ...more] = await snippets(
    'ts',
    url,
  )
  expect(more).toEqual([])
  await writeFile(join(folder, 'basics.ts'), basics)
  await writeFile(join(folder, 'conversation.ts'), conversation)
  await writeFile(join(folder, 'found.ts'), found)
  await writeFile(join(folder, 'again.ts'), again)
  await writeFile(join(folder, 'feed.ts'), feed)
  await writeFile(join(folder, 'failure.ts'), failure)
  await writeFile(
    join(folder, 'tsconfig.json'),
    JSON.stringify({
      extends: join(E2E, 'tsconfig.json'),
      compilerOptions: {
        typeRoots: [join(E2E, '../node_modules/@types')],
        paths: { '@promptlab/client': [join(E2E, '../packages/client/src/index.ts')] },
      },
      include: ['*.ts'],
    }),
  )
  await writeFile(join(folder, 'package.json'), '{ "type": "module" }')
  await runProgram('tsc', ['--project', folder])
  const run = (name: string) => runProgram('tsx', ['--tsconfig', join(folder, 'tsconfig.json'), join(folder, name)])
  expect(await run('basics.ts')).toMatch(/^Once\n upon\n a\n time\n\{.*tokenCount: 4/s)
  expect(await run('conversation.ts')).toBe('says: Once\nsays:  upon\na time\n')
  expect(await run('found.ts')).toBe("A café in Paris { order: '1207' }\n")
  expect(await run('again.ts')).toBe('Once upon a time\nMake it shorter.\n')
  expect(await run('feed.ts')).toMatch(/^(Once upon a time is (pending|running)\n)*Once upon a time is completed\n$/)
  expect(await run('failure.ts')).toMatch(/^provider-key-missing .*OPENAI_API_KEY/)
}, 60_000)

it('README of the client > its shell and Python code stream the text', async ({ skip }) => {
  needPrograms(skip, 'curl', 'python3')
  const { url } = await startServer()
  const [curl = ''] = await snippets('sh', url)
  expect(await runProgram('sh', ['-c', curl])).toBe('Once upon a time')
  const [python = ''] = await snippets('python', url)
  expect(await runProgram('python3', ['-c', python])).toBe('Once upon a time')
})
