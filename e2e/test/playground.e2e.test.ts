import type { Page } from 'playwright-core'
import { describe, expect, it, vi } from 'vitest'
import { openPage } from './chromium.ts'
import { expectAccessible } from './expect-accessible.ts'
import { addModel, runPrompt, startPlayground } from './playground.ts'

/** `echo` pauses 60 ms before each word, so that tests can watch the answer grow. */
const SLOW = { ECHO_DELAY_MS: '60' }
const LONG = Array.from({ length: 40 }, (_, index) => `word${index}`).join(' ')

const answers = (page: Page) => page.locator('.text')

describe('playground', () => {
  it('runs a prompt and shows its tokens as they arrive, then the figures', async ({ skip }) => {
    const page = await openPage(skip)
    await page.goto(await startPlayground({ env: SLOW }))
    await runPrompt(page, LONG)
    await page.getByText('word3', { exact: false }).first().waitFor()
    const early = await answers(page).textContent()
    expect(early).not.toContain('word39')
    await page.locator('.pane.completed').waitFor()
    expect(await answers(page).textContent()).toBe(LONG)
    expect(await page.locator('.figures').textContent()).toMatch(/First token\d+ msTokens\/s\d+\.\dTokens40/)
    expect((await page.locator('.plot polyline').getAttribute('points'))?.split(' ').length).toBeGreaterThan(5)
    expect(await page.locator('.news').textContent()).toBe('Model 1, echo · echo: completed with 40 tokens.')
  })

  it('runs several models side by side, and stops one or all', async ({ skip }) => {
    const page = await openPage(skip)
    await page.goto(await startPlayground({ env: SLOW }))
    await addModel(page)
    await addModel(page)
    await runPrompt(page, LONG)
    await page.getByRole('article').nth(2).waitFor()
    await answers(page).filter({ hasText: 'word1' }).nth(2).waitFor()
    await page.getByRole('article').first().getByRole('button', { name: 'Stop' }).click()
    await page.locator('.pane.cancelled').waitFor()
    expect(await page.locator('.pane.running').count()).toBe(2)
    await page.getByRole('button', { name: 'Stop all' }).click()
    await page.locator('.pane.cancelled').nth(2).waitFor()
    await page.getByRole('button', { name: 'Stop all' }).waitFor({ state: 'detached' })
  })

  it('shows all panes again after a reload, and streams on', async ({ skip }) => {
    const page = await openPage(skip)
    await page.goto(await startPlayground({ env: SLOW }))
    await addModel(page)
    await runPrompt(page, LONG)
    await answers(page).filter({ hasText: 'word5' }).nth(1).waitFor()
    await vi.waitFor(() => expect(page.url()).toMatch(/#[\w-]+,[\w-]+$/))
    await page.reload()
    await page.locator('.pane.running').nth(1).waitFor()
    await page.locator('.pane.completed').nth(1).waitFor()
    expect(await answers(page).allTextContents()).toEqual([LONG, LONG])
  })

  it('shows why a job failed, keeps its text, and runs the job again', async ({ skip }) => {
    const page = await openPage(skip)
    await page.goto(await startPlayground({ steps: ['half an answer', new Error('Down')] }))
    await runPrompt(page, 'Hello')
    await page.locator('.pane.failed').waitFor()
    expect(await answers(page).textContent()).toBe('half an answer')
    expect(await page.getByRole('alert').textContent()).toMatch(/^internal \w+/)
    const address = page.url()
    await page.getByRole('button', { name: 'Retry' }).click()
    await vi.waitFor(() => expect(page.url()).not.toBe(address))
    await page.locator('.pane.failed').waitFor()
  })

  it('names the environment variable that a provider needs', async ({ skip }) => {
    const page = await openPage(skip)
    await page.goto(await startPlayground())
    await page.getByRole('button', { name: 'Model 1:' }).click()
    await page.getByText('openai: set OPENAI_API_KEY on the server').waitFor()
    expect(await page.getByRole('dialog').getByRole('option').allTextContents()).toEqual(['echo'])
  })

  it('shows HTML in an answer as text, loads no image, and makes no script link', async ({ skip }) => {
    const page = await openPage(skip)
    const answer = [
      '<img src=x onerror="document.title=1"><script>document.title=2</script>',
      '[a](javascript:document.title=3) ![b](http://127.0.0.1:9/pixel.png)\n\n**bold** `<b>code</b>`\n\n- item <iframe srcdoc=x>',
    ]
    await page.goto(await startPlayground({ steps: [answer.join('\n\n')] }))
    const title = await page.title()
    await runPrompt(page, 'Attack')
    await page.locator('.pane.completed').waitFor()
    expect(await answers(page).locator('img, script, iframe, b, a[href^="javascript"]').count()).toBe(0)
    expect(await answers(page).textContent()).toContain('<script>document.title=2</script>')
    expect(await answers(page).locator('strong').textContent()).toBe('bold')
    expect(await page.title()).toBe(title)
  })

  it('asks for the API key when the server requires one, and sends it', async ({ skip }) => {
    const page = await openPage(skip)
    const key = 'k'.repeat(32)
    await page.goto(await startPlayground({ env: { API_KEYS: `alice:${key}` } }))
    await page.getByLabel('This server requires an API key').fill(key)
    await page.getByRole('button', { name: 'Use key' }).click()
    await page.getByRole('button', { name: 'Model 1:' }).waitFor()
    await runPrompt(page, 'Hello')
    await answers(page).filter({ hasText: 'Hello' }).waitFor()
    expect(await page.getByLabel('This server requires an API key').count()).toBe(0)
  })

  it('has no violation that axe finds, and no horizontal overflow, in light and dark, on wide and narrow pages', async ({
    skip,
  }) => {
    const page = await openPage(skip, { reducedMotion: 'reduce' })
    const ended = Promise.withResolvers<void>()
    const text = `# Title\n\n${LONG}\n\n\`\`\`\ncode\n\`\`\``
    await page.goto(await startPlayground({ steps: [...text.split(/(?<= )/), ended.promise] }))
    await addModel(page)
    await page.getByRole('button', { name: 'Options', exact: true }).click()
    await runPrompt(page, 'Write')
    await answers(page).filter({ hasText: 'word39' }).nth(1).waitFor()
    expect(await page.locator('.pane.running').count()).toBe(2)
    await expectAccessible(page)
    ended.resolve()
    await page.locator('.pane.completed').nth(1).waitFor()
    await expectAccessible(page)
  })

  it('grows with the page, which follows the end of the answer until its reader scrolls up', async ({ skip }) => {
    const page = await openPage(skip)
    await page.goto(await startPlayground({ env: SLOW }))
    await runPrompt(page, LONG.replaceAll(' ', '\n\n'))
    const fromEnd = () =>
      page.evaluate('document.documentElement.scrollHeight - scrollY - document.documentElement.clientHeight')
    await answers(page).filter({ hasText: 'word20' }).waitFor()
    await vi.waitFor(async () => expect(await fromEnd()).toBeLessThan(120))
    await page.mouse.move(700, 300)
    await page.mouse.wheel(0, -600)
    await vi.waitFor(async () => expect(await fromEnd()).toBeGreaterThan(300))
    await answers(page).filter({ hasText: 'word39' }).waitFor()
    expect(await fromEnd()).toBeGreaterThan(300)
    const overflowOfPane =
      "(({ scrollHeight, clientHeight }) => scrollHeight - clientHeight)(document.querySelector('.pane'))"
    expect(await page.evaluate(overflowOfPane)).toBeLessThanOrEqual(1)
  })

  it('is served compressed, with a content security policy; files named by their hash are cached for ever', async () => {
    const url = await startPlayground()
    const page = await fetch(url, { headers: { 'accept-encoding': 'br' } })
    expect(page.headers.get('content-type')).toBe('text/html; charset=utf-8')
    expect(page.headers.get('content-encoding')).toBe('br')
    expect(page.headers.get('cache-control')).toBe('no-cache')
    expect(page.headers.get('content-security-policy')).toContain("default-src 'none'")
    const [, script = ''] = /src="(\/assets\/[^"]+\.js)"/.exec(await page.text()) ?? []
    const asset = await fetch(`${url}${script}`)
    expect(asset.headers.get('cache-control')).toBe('public, max-age=31536000, immutable')
    expect((await fetch(`${url}/nothing`)).headers.get('content-type')).toMatch('application/problem+json')
  })
})
