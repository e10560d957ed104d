import { startServer } from '@promptlab/api/testing'
import { type Job, PromptLabClient } from '@promptlab/client'
import type { Page } from 'playwright-core'
import { describe, expect, it, type TestContext } from 'vitest'
import { openPage } from './chromium.ts'
import { REACT_VERSIONS, renderOnServer, startReactPage } from './react-page.ts'
import { TurnsProvider } from './turns-provider.ts'

const MODEL = { provider: 'scripted', model: 'script-1' }

interface Opened {
  readonly page: Page
  readonly client: PromptLabClient
  readonly jobs: () => Promise<readonly Job[]>
  readonly press: (name: string) => Promise<void>
  readonly type: (text: string) => Promise<void>
  /** Waits until an output of the page has the text. */
  readonly shows: (label: string, text: string) => Promise<void>
  /** What is not over: streams and intervals. */
  readonly underWay: () => Promise<{ streams: number; intervals: number }>
}

interface OpenOptions {
  readonly probe: 'job' | 'chat'
  readonly gates?: readonly Promise<unknown>[]
  /** Given a client, returns the id that the page shows first. */
  readonly first?: (client: PromptLabClient) => Promise<string>
  readonly isRenderedOnServer?: boolean
  readonly script?: string
  /** Called with each warning and error of the page. */
  readonly onConsole?: (text: string) => void
}

describe.each(REACT_VERSIONS)('the hooks in React %i', (version) => {
  async function open(
    skip: TestContext['skip'],
    { probe, gates = [], first, isRenderedOnServer = false, script, onConsole }: OpenOptions,
  ): Promise<Opened> {
    const page = await openPage(skip)
    const { url } = await startServer({ env: { CORS_ORIGINS: '*' }, providers: [new TurnsProvider(...gates)] })
    const client = new PromptLabClient({ baseUrl: url })
    const id = await first?.(client)
    const html = isRenderedOnServer ? await renderOnServer(version, { client: url, probe, id }) : ''
    const pageUrl = await startReactPage(version, html)
    const streams = new Set<unknown>()
    page.on('request', (request) => request.url().includes('/stream') && streams.add(request))
    page.on('requestfinished', (request) => streams.delete(request))
    page.on('requestfailed', (request) => streams.delete(request))
    page.on('console', (message) => {
      if (message.type() === 'error' || message.type() === 'warning') onConsole?.(message.text())
    })
    await page.addInitScript(COUNT_INTERVALS)
    if (script) await page.addInitScript(script)
    await page.goto(`${pageUrl}?${new URLSearchParams({ api: url, probe, ...(id && { id }) })}`)
    return {
      page,
      client,
      jobs: async () => {
        const listed = await Array.fromAsync(client.list())
        return await Promise.all(listed.toReversed().map((job) => client.get(job.id)))
      },
      press: async (name) => await page.getByRole('button', { name, exact: true }).last().click(),
      type: async (text) => await page.getByLabel('Input').fill(text),
      shows: async (label, text) =>
        await page.getByLabel(label, { exact: true }).getByText(text, { exact: true }).waitFor(),
      underWay: async () => ({
        streams: streams.size,
        intervals: Number(await page.evaluate('globalThis.intervals.size')),
      }),
    }
  }

  const createEnded = async (client: PromptLabClient, prompt: string) =>
    await client.create({ prompt, ...MODEL }, { waitSeconds: 60 })

  it('create one job in strict mode, over plain HTTP, and tell its id once', async ({ skip }) => {
    const gate = Promise.withResolvers<void>()
    const { page, press, type, shows, jobs } = await open(skip, { probe: 'job', gates: [gate.promise] })
    expect(await page.evaluate('[isSecureContext, typeof crypto.randomUUID]')).toEqual([false, 'undefined'])
    await shows('Phase', 'none')
    await type('Go')
    await press('Create')
    await shows('Text', 'Half')
    const [job] = await jobs()
    await shows('Told', job?.id ?? '')
    gate.resolve()
    await shows('Text', 'Half whole')
    await shows('Phase', 'completed')
    await press('Rerun')
    await expect.poll(async () => (await jobs())[1]?.rerunOf).toBe(job?.id)
    await shows('Told', (await jobs()).map(({ id }) => id).join())
    await shows('Phase', 'completed')
    await press('Fork')
    await expect.poll(async () => (await jobs()).length).toBe(3)
    await shows('Told', (await jobs()).map(({ id }) => id).join())
  })

  it('watch the second of two jobs that are created at once, and cancel it', async ({ skip }) => {
    const gate = Promise.withResolvers<void>()
    const opened = await open(skip, { probe: 'job', gates: [gate.promise, gate.promise] })
    const { press, type, shows, jobs, underWay } = opened
    await type('Go')
    await press('Create two')
    await shows('Text', 'Half')
    await expect.poll(async () => (await underWay()).streams).toBe(1)
    await press('Cancel')
    await shows('Phase', 'cancelled')
    const all = await jobs()
    expect(all.map(({ prompt, status }) => `${prompt} ${status}`).sort()).toEqual(['Go cancelled', 'first running'])
    await shows('Told', all.find(({ prompt }) => prompt === 'Go')?.id ?? '')
    gate.resolve()
  })

  it('show the last of ids that change quickly, and watch no other', async ({ skip }) => {
    const gate = Promise.withResolvers<void>()
    const ids: string[] = []
    const { press, type, shows, underWay, page } = await open(skip, {
      probe: 'job',
      gates: [Promise.resolve(), gate.promise],
      first: async (client) => {
        ids.push((await createEnded(client, 'A')).id, (await client.create({ prompt: 'B', ...MODEL })).id)
        return ids[0] ?? ''
      },
    })
    const [a = '', b = ''] = ids
    await shows('Text', 'Half whole')
    await type([b, a, b, a, b].join())
    await press('Show each')
    await shows('Phase', 'running')
    await shows('Text', 'Half')
    await expect.poll(async () => (await underWay()).streams).toBe(1)
    await type([a, b, a].join())
    await press('Show each')
    await shows('Text', 'Half whole')
    await expect.poll(underWay).toEqual({ streams: 0, intervals: 0 })
    await type([b, ''].join())
    await press('Show each')
    await shows('Phase', 'none')
    expect(await page.getByLabel('Told').textContent()).toBe('')
    gate.resolve()
  })

  it('leave nothing behind when their component is gone, and go on when it is back', async ({ skip }) => {
    const gate = Promise.withResolvers<void>()
    const { press, type, shows, underWay, page } = await open(skip, { probe: 'chat', gates: [gate.promise] })
    await type('Go')
    await press('Send')
    await page.getByLabel('Last').getByText('Go → Half (running)').waitFor()
    expect(await underWay()).toEqual({ streams: 1, intervals: 1 })
    await press('Mount')
    await expect.poll(underWay).toEqual({ streams: 0, intervals: 0 })
    await page.reload()
    await page.getByLabel('Last').getByText('Go → Half (running)').waitFor()
    gate.resolve()
    await page.getByRole('listitem').getByText('Go → Half whole (completed)').waitFor()
    await shows('State', 'quiet')
    await expect.poll(underWay).toEqual({ streams: 0, intervals: 0 })
  })

  it('keep a conversation: turns, a reload in mid-answer, a stop, an edit, and a new one', async ({ skip }) => {
    const gate = Promise.withResolvers<void>()
    const gates = [Promise.resolve(), gate.promise, new Promise<void>(() => {})]
    const { page, press, type, shows, jobs } = await open(skip, { probe: 'chat', gates })
    const turns = () => page.getByRole('listitem').locator('p').allTextContents()
    await type('One')
    await press('Send')
    await page.getByLabel('Last').getByText('One → Half whole (completed)').waitFor()
    await type('Two')
    await press('Send')
    await page.getByLabel('Last').getByText('Two → Half (running)').waitFor()
    await page.waitForURL((url) => url.hash.length > 1)
    await expect.poll(async () => page.url().endsWith((await jobs())[1]?.id ?? 'no')).toBe(true)
    await page.reload()
    await page.getByLabel('Last').getByText('Two → Half (running)').waitFor()
    gate.resolve()
    await page.getByLabel('Last').getByText('Two → Half whole (completed)').waitFor()
    expect(await turns()).toEqual(['One → Half whole (completed)', 'Two → Half whole (completed)'])
    await type('Three')
    await press('Send')
    await page.getByLabel('Last').getByText('Three → Half (running)').waitFor()
    await press('Stop')
    await page.getByLabel('Last').getByText('Three → Half (cancelled)').waitFor()
    await shows('State', 'quiet')
    await type('Four')
    await press('Edit')
    await page.getByLabel('Last').getByText('Four → Half whole (completed)').waitFor()
    expect(await turns()).toHaveLength(3)
    const all = await jobs()
    expect(all.map(({ previousJobId }) => previousJobId)).toEqual([undefined, all[0]?.id, all[1]?.id, all[1]?.id])
    await press('New')
    await expect.poll(turns).toEqual([])
    await type('Five')
    await press('Send')
    await page.getByLabel('Last').getByText('Five → Half whole (completed)').waitFor()
    expect((await jobs())[4]?.previousJobId).toBeUndefined()
  })

  it('show what comes while the page draws no frames, because it is hidden', async ({ skip }) => {
    const { press, type, shows } = await open(skip, {
      probe: 'job',
      script: 'globalThis.requestAnimationFrame = () => 0',
    })
    await type('Go')
    await press('Create')
    await shows('Text', 'Half whole')
    await shows('Phase', 'completed')
  })

  it('request nothing on a server, and take over its page without a warning', async ({ skip }) => {
    let requests = 0
    const counting = new PromptLabClient({
      baseUrl: 'http://127.0.0.1:1',
      fetch: (...request) => {
        requests++
        return fetch(...request)
      },
    })
    for (const probe of ['job', 'chat'] as const) {
      for (const id of [undefined, '01a219ad-4319-741a-a635-bfb8dbe04762'])
        expect(await renderOnServer(version, { client: counting, probe, id })).toContain(id ? 'ing' : 'Input')
    }
    expect(requests).toBe(0)

    for (const probe of ['job', 'chat'] as const) {
      const first = async (client: PromptLabClient) => (await createEnded(client, 'A')).id
      const warnings: string[] = []
      const { page, shows } = await open(skip, {
        probe,
        first,
        isRenderedOnServer: true,
        onConsole: (text) => warnings.push(text),
      })
      if (probe === 'job') await shows('Text', 'Half whole')
      else await page.getByLabel('Last').getByText('A → Half whole (completed)').waitFor()
      expect(warnings).toEqual([])
    }
  })
})

const COUNT_INTERVALS = `
  const [set, clear] = [setInterval, clearInterval]
  globalThis.intervals = new Set()
  globalThis.setInterval = (...args) => { const id = set(...args); intervals.add(id); return id }
  globalThis.clearInterval = (id) => { intervals.delete(id); clear(id) }
`
