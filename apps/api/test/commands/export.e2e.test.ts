import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Fixture } from '@promptlab/contract'
import { describe, expect, it, onTestFinished } from 'vitest'
import { type StoredPendingJob, startJob } from '../../src/jobs/job.ts'
import type { JobRepository } from '../../src/jobs/ports/job-repository.ts'
import { storeLocation } from '../../src/storage/store-location.ts'
import { storeAt } from '../../src/stores.ts'
import { aJobWith, anItem } from '../contracts/describe-items.ts'
import { aJob } from '../contracts/stored-job.ts'
import { ANN, ApiKeyServer, ECHO } from '../support/api-key-server.ts'
import { endedJob } from '../support/ended-job.ts'
import { finishedJob } from '../support/job-client.ts'
import { programArguments, ServerProcess } from '../support/server-process.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { withPostgres } from '../support/test-postgres.ts'
import { startServer } from '../support/test-server.ts'

const logger = { info: () => {}, warn: () => {} }

async function exported(args: readonly string[], env: Record<string, string> = {}) {
  const command = await ServerProcess.spawnNode(programArguments('promptlab', 'export', ...args), env)
  return { exitCode: await command.exit(), output: command.output }
}

async function fixtureIn(folder: string, name: string): Promise<Fixture> {
  return Fixture.parse(JSON.parse(await readFile(join(folder, `${name}.json`), 'utf8')))
}

/** The arguments and the environment of an export from a server of this process. */
async function fromServer(url: string, ...args: readonly string[]) {
  const folder = await temporaryFolder()
  const run = (...more: readonly string[]) => exported([...args, ...more, '--out', folder, '--url', url])
  return { folder, run }
}

describe('pnpm promptlab export', () => {
  it('writes the fixtures of a running server, one line for each piece', async () => {
    const { url } = await startServer()
    const ids: string[] = []
    for (const prompt of ['Once upon', 'a time'])
      ids.push((await finishedJob(url, { prompt, provider: 'echo', model: 'echo' })).id)
    const { folder, run } = await fromServer(url, ...ids)
    const { output, exitCode } = await run()
    expect({ output, exitCode }).toEqual({
      output: ids.map((id) => `Wrote ${folder}/${id}.json: echo echo, 2 pieces\n`).join(''),
      exitCode: 0,
    })
    const [id = ''] = ids
    const served: unknown = await (await fetch(`${url}/jobs/${id}/fixture`)).json()
    expect(await fixtureIn(folder, id)).toEqual(served)
    const text = await readFile(join(folder, `${id}.json`), 'utf8')
    expect(text).toMatch(/^ {4}\{ "afterMs": \d+, "type": "text", "text": "Once" \},$/m)
  })

  it('replaces no file unless it is told to', async () => {
    const { url } = await startServer()
    const { id } = await finishedJob(url, ECHO)
    const { folder, run } = await fromServer(url, id, '--name', 'story')
    await writeFile(join(folder, 'story.json'), 'by hand')
    expect(await run()).toEqual({
      output: `${id}: ${folder}/story.json is there already. Give --force to replace it.\n`,
      exitCode: 1,
    })
    expect(await readFile(join(folder, 'story.json'), 'utf8')).toBe('by hand')
    expect(await run('--force')).toMatchObject({
      output: expect.stringMatching(/^Replaced .*story\.json/),
      exitCode: 0,
    })
    expect(await fixtureIn(folder, 'story')).toMatchObject({ from: { jobId: id } })
  })

  it('says which job is unknown, and writes the others', async () => {
    const { url } = await startServer()
    const { id } = await finishedJob(url, ECHO)
    const { folder, run } = await fromServer(url, 'none', id)
    const { output, exitCode } = await run()
    expect(output).toContain(`none: There is no job none in ${url}, or it is not yours.\n`)
    expect(exitCode).toBe(1)
    expect(await readdir(folder)).toEqual([`${id}.json`])
  })

  it('needs the key of the caller where keys are used', async () => {
    const server = await ApiKeyServer.start()
    await server.post(ANN, ECHO, { prefer: 'wait=60' })
    const [id = ''] = await server.idsOf(ANN)
    const { folder, run } = await fromServer(server.url, id)
    expect((await run()).output).toBe(`${id}: ${server.url} needs a key: give --key, or set PROMPTLAB_API_KEY.\n`)
    expect((await run('--key', ANN)).exitCode).toBe(0)
    const text = await readFile(join(folder, `${id}.json`), 'utf8')
    expect(text).not.toContain(ANN)
  })

  it.each([
    [['export'], 'Name at least one job.'],
    [['export', '../x'], '"../x" is no id of a job.'],
    [['export', 'x', 'y', '--name', 'z'], '--name is for one job only.'],
    [['export', 'x', '--name', '../z'], '--name must have only letters'],
    [['export', 'x', '--url', 'localhost'], '--url must begin with http'],
    [['export', 'x', '--fast'], "Unknown option '--fast'"],
  ])('refuses the arguments %j', async (args, words) => {
    const command = await ServerProcess.spawnNode(programArguments('promptlab', ...args))
    expect(await command.exit()).toBe(1)
    expect(command.output).toContain(words)
    expect(command.output).toContain('Usage: pnpm promptlab export JOB…')
  })

  it('says that no server answers at the address that it was given', async () => {
    const { output, exitCode } = await exported(['x', '--url', 'http://127.0.0.1:9'])
    expect(output).toBe('No PromptLab server answers at http://127.0.0.1:9. Check --url.\n')
    expect(exitCode).toBe(1)
  })
})

const LONG = 'Look '.repeat(500)

/** A conversation of two jobs with an item, a job that waits, and one that nobody may see. */
async function fill(jobs: JobRepository): Promise<void> {
  const item = anItem(LONG)
  await jobs.storeItems([item])
  const store = async (asked: StoredPendingJob, ...pieces: Parameters<typeof endedJob>[0]) => {
    const job = startJob(asked, Date.now())
    await jobs.insert(job)
    const { result, parts, tape, status, metrics } = endedJob(pieces)
    const answer = { result, ...(parts && { parts }), ...(tape !== undefined && { tape }), metrics }
    if (status === 'completed') await jobs.replace({ ...job, ...answer, status }, job)
  }
  await store(
    { ...aJobWith('first', [item], 'ann'), carries: [{ message: 0, part: 0, provider: 'openai', json: '"secret"' }] },
    'So \0 ',
    { type: 'reasoning', text: '\ud83d', carry: 'signature' },
    'far',
  )
  await store({ ...aJob('second', Date.now()), previousJobId: 'first', owner: 'ann' }, 'Yes')
  await store({ ...aJob('hidden', Date.now()), deleteAfter: '2126-01-01T00:00:00.000Z' }, 'Secret')
  await jobs.insert(aJob('waiting', Date.now()))
}

function describeStore(name: string, newUrl: () => Promise<string>) {
  it(`pnpm promptlab export > reads the jobs of ${name} if no server answers`, async () => {
    const url = await newUrl()
    const jobs = await storeAt(storeLocation.parse(url)).open({ logger, shared: false })
    let isClosed = false
    const close = async () => {
      if (!isClosed) await jobs.close()
      isClosed = true
    }
    onTestFinished(close)
    await fill(jobs)
    await close()
    const folder = await temporaryFolder()
    const args = ['first', 'second', 'hidden', 'waiting', 'none', '--out', folder]
    const { output, exitCode } = await exported(args, { DATABASE_URL: url, PORT: '9' })
    expect(output).toMatch(/^No server answers at http:\/\/127\.0\.0\.1:9, so the jobs are read from /)
    expect(output).toContain('hidden: There is no job hidden in ')
    expect(output).toContain('waiting: The job is pending. ')
    expect(output).toContain('none: There is no job none in ')
    expect(exitCode).toBe(1)
    expect((await readdir(folder)).sort()).toEqual(['first.json', 'second.json'])
    const first = await fixtureIn(folder, 'first')
    expect(first.answer.map(({ afterMs: _, ...piece }) => piece)).toEqual([
      { type: 'text', text: 'So \0 ' },
      { type: 'reasoning', text: '\ud83d', carry: 'signature' },
      { type: 'text', text: 'far' },
    ])
    const { request } = await fixtureIn(folder, 'second')
    expect(request.messages).toEqual([
      ...(first.request.messages ?? []),
      {
        role: 'assistant',
        content: [
          { type: 'text', text: 'So \0 ' },
          { type: 'reasoning', text: '\ud83d' },
          { type: 'text', text: 'far' },
        ],
      },
      { role: 'user', content: aJob('second', 0).prompt },
    ])
    expect(JSON.stringify(first.request.messages)).toContain(LONG)
    expect(JSON.stringify([first, request])).not.toMatch(/secret|ann/i)
  })
}

describeStore('a JSON file', async () => join(await temporaryFolder(), 'jobs.json'))
describeStore('SQLite', async () => `sqlite:${join(await temporaryFolder(), 'jobs.db')}`)
await withPostgres((newDatabase) => describeStore('PostgreSQL', newDatabase))
