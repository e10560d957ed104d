import { expect, it } from 'vitest'
import { programArguments, ServerProcess } from '../support/server-process.ts'

async function promptlab(...args: string[]): Promise<{ code: unknown; output: string }> {
  const command = await ServerProcess.spawnNode(programArguments('promptlab', ...args))
  return { code: await command.exit(), output: command.output }
}

it.each([['--help'], ['help'], ['export', '-h']])('promptlab %s > lists the commands', async (...args) => {
  const { code, output } = await promptlab(...args)
  expect(code).toBe(0)
  for (const name of ['start', 'providers', 'new-key', 'migrate', 'import-jobs', 'export', '--version'])
    expect(output).toMatch(new RegExp(`^  ${name} `, 'm'))
})

it('promptlab --version > prints the version alone', async () => {
  expect(await promptlab('--version')).toEqual({ code: 0, output: expect.stringMatching(/^\d+\.\d+\.\d+\n$/) })
})

it.each([
  [['strat'], 'There is no command strat.'],
  [['migrate', 'now'], 'migrate takes no arguments, but now was given.'],
])('promptlab %j > is refused with exit code 2', async (args, words) => {
  const more = 'pnpm promptlab --help says what there is.\n'
  expect(await promptlab(...args)).toEqual({ code: 2, output: `${words} ${more}` })
})

it('promptlab > hands a command the arguments that follow its name', async () => {
  expect((await promptlab('new-key', 'bob')).output).toContain('API_KEYS=bob:sha256:')
  expect(await promptlab('import-jobs', '--from', 'jobs.json')).toMatchObject({
    code: 1,
    output: expect.stringContaining('--to is missing'),
  })
})

it('promptlab > starts the server', async () => {
  const server = await ServerProcess.startNode(programArguments('promptlab'), {})
  expect((await fetch(`${server.url}/health/live`)).status).toBe(200)
  server.signal('SIGTERM')
  expect(await server.exit()).toBe(0)
})
