import type { BrowserContextOptions, Locator, Page } from 'playwright-core'
import { describe, expect, it, type TestContext, vi } from 'vitest'
import { openPage } from './chromium.ts'
import { expectAccessible } from './expect-accessible.ts'
import { MIXED_ANSWER } from './mixed-answer.ts'
import { runPrompt, startPlayground } from './playground.ts'

type Steps = NonNullable<NonNullable<Parameters<typeof startPlayground>[0]>['steps']>

interface OpenAnswer {
  readonly page: Page
  readonly answer: Locator
  /** What the console of the page has said, such as that the content security policy forbade something. */
  readonly said: string[]
  /** The addresses that the page has requested. */
  readonly requested: string[]
}

/** Opens the page of a server whose answers have these steps. */
async function open(skip: TestContext['skip'], steps: Steps, options?: BrowserContextOptions): Promise<OpenAnswer> {
  const page = await openPage(skip, options)
  const said: string[] = []
  const requested: string[] = []
  page.on('console', (message) => said.push(message.text()))
  page.on('request', (request) => requested.push(request.url()))
  await page.goto(await startPlayground({ steps }))
  return { page, answer: page.locator('.text'), said, requested }
}

/** Runs a prompt whose answer has these steps. */
async function ask(...opened: Parameters<typeof open>): Promise<OpenAnswer> {
  const answer = await open(...opened)
  await runPrompt(answer.page, 'Write')
  return answer
}

/** What is read of an element of the page. */
interface Box {
  readonly scrollWidth: number
  readonly clientWidth: number
  readonly scrollLeft: number
}

const ended = (page: Page) => page.locator('.pane.completed').waitFor()
const fence = (language: string, code: string) => `\`\`\`${language}\n${code}\n\`\`\`\n\n`
/** How far the content of an element is wider than the element, in CSS pixels. */
const hiddenWidth = (element: Locator) =>
  element.evaluate(({ scrollWidth, clientWidth }: Box) => scrollWidth - clientWidth)
const scrolledBy = (element: Locator) => element.evaluate(({ scrollLeft }: Box) => scrollLeft)
const heightOf = async (element: Locator) => (await element.boundingBox())?.height ?? 0
const sidewaysScroll = (page: Page) =>
  page.evaluate<number>('document.documentElement.scrollWidth - document.documentElement.clientWidth')

/** A text in pieces of 1 to 23 characters, some of which cut a mark of Markdown in two. */
function inPieces(text: string): string[] {
  const pieces: string[] = []
  for (let at = 0, length = 7; at < text.length; at += length) {
    length = 1 + ((length * 11 + at) % 23)
    pieces.push(text.slice(at, at + length))
  }
  return pieces
}

describe('playground, code in answers', () => {
  it('highlights code while it grows, in its colours for light and dark', async ({ skip }) => {
    const gate = Promise.withResolvers<void>()
    const { page, answer } = await ask(skip, ['```ts\nconst a: string', gate.promise, " = 'b' // c\n```\n"])
    await answer.locator('.code-keyword').filter({ hasText: 'const' }).waitFor()
    expect(await answer.locator('.code-type').allTextContents()).toEqual(['string'])
    expect(await answer.locator('.code-string').count()).toBe(0)
    gate.resolve()
    await ended(page)
    expect(await answer.locator('.code-string, .code-comment').allTextContents()).toEqual(["'b'", '// c'])
    expect(await answer.locator('.code-bar > :first-child').textContent()).toBe('TypeScript')
    const colour = () => page.evaluate<unknown>("getComputedStyle(document.querySelector('.code-keyword')).color")
    await page.emulateMedia({ colorScheme: 'light' })
    const light = await colour()
    await page.emulateMedia({ colorScheme: 'dark' })
    expect(await colour()).not.toBe(light)
  })

  it('copies each block of code by its own button, exactly as it was written', async ({ skip }) => {
    const code = 'def f():\n\treturn "<b>"  # ünï 🎉\n\n\nf()'
    const permissions = ['clipboard-read', 'clipboard-write']
    const { page, answer } = await ask(skip, [fence('py', code), fence('', 'plain')], { permissions })
    await ended(page)
    await answer.getByRole('button', { name: 'Copy code, Python' }).click()
    await answer.getByRole('button', { name: 'Copied code, Python' }).waitFor()
    expect(await page.evaluate('navigator.clipboard.readText()')).toBe(code)
    await answer.getByRole('button', { name: 'Copy code, Text' }).click()
    await vi.waitFor(async () => expect(await page.evaluate('navigator.clipboard.readText()')).toBe('plain'))
  })

  it('scrolls long lines within the block, by keys too, and wraps them when its reader wants', async ({ skip }) => {
    const line = `const long = '${'many words in a line '.repeat(20)}'`
    const { page, answer } = await ask(skip, [fence('js', line)], { viewport: { width: 360, height: 800 } })
    await ended(page)
    const block = answer.locator('pre')
    expect(await hiddenWidth(block)).toBeGreaterThan(1_000)
    expect(await sidewaysScroll(page)).toBe(0)
    await block.focus()
    await page.keyboard.press('End')
    await page.keyboard.press('ArrowRight')
    await vi.waitFor(async () => expect(await scrolledBy(block)).toBeGreaterThan(0))
    const height = await heightOf(block)
    const wrap = answer.getByRole('button', { name: 'Wrap lines' })
    await wrap.click()
    expect(await wrap.getAttribute('aria-pressed')).toBe('true')
    expect(await hiddenWidth(block)).toBe(0)
    expect(await heightOf(block)).toBeGreaterThan(height * 5)
    await wrap.click()
    expect(await hiddenWidth(block)).toBeGreaterThan(1_000)
  })
})

describe('playground, tables and lists in answers', () => {
  it('scrolls a table of eight columns within its region at 360 px, and breaks no word of it', async ({ skip }) => {
    const columns = ['Model', 'Status', 'Tokens', 'Throughput', 'Latency', 'Cost', 'Region', 'Remarks']
    const row = ['alpha-large', 'completed', '1,204', '88.4', '0.31 s', '$0.0121', 'eu-central', 'rate-limited']
    const table = [columns, columns.map(() => '--'), row].map((cells) => `| ${cells.join(' | ')} |\n`).join('')
    const { page, answer } = await ask(skip, [table], { viewport: { width: 360, height: 800 } })
    await ended(page)
    expect(await answer.locator('td').allTextContents()).toEqual(row)
    const region = answer.getByRole('group', { name: 'Table' })
    expect(await hiddenWidth(region)).toBeGreaterThan(100)
    expect(await sidewaysScroll(page)).toBe(0)
    // A word that is broken makes its cell more than one line high.
    const heights = await Promise.all((await region.locator('tr').all()).map(heightOf))
    expect(heights).toHaveLength(2)
    for (const height of heights) expect(height).toBeLessThan(40)
    await region.focus()
    await page.keyboard.press('ArrowRight')
    await vi.waitFor(async () => expect(await scrolledBy(region)).toBeGreaterThan(0))
  })

  it('shows tasks as checkboxes that nobody can change, with their texts as names', async ({ skip }) => {
    const { page, answer } = await ask(skip, ['- [x] **Write** it\n- [ ] Measure it\n  - [x] on a phone\n- no task\n'])
    await ended(page)
    const boxes = answer.getByRole('checkbox')
    expect(await boxes.count()).toBe(3)
    expect(await answer.getByRole('checkbox', { name: 'Write it' }).isChecked()).toBe(true)
    expect(await answer.getByRole('checkbox', { name: 'Measure it' }).isChecked()).toBe(false)
    expect(await answer.getByRole('checkbox', { name: 'on a phone' }).isChecked()).toBe(true)
    for (const box of await boxes.all()) expect(await box.isDisabled()).toBe(true)
    expect(await answer.textContent()).not.toContain('[')
  })
})

describe('playground, formulas in answers', () => {
  it('shows formulas as MathML, in lines and as blocks, and leaves prices text', async ({ skip }) => {
    const text =
      'It costs $5 or $10. But $e^{i\\pi} = -1$ and \\(x_1\\).\n\n$$\n\\frac{a}{b}\n$$\n\n\\[\n\\sqrt{2}\n\\]\n'
    const { page, answer, said } = await ask(skip, inPieces(text))
    await ended(page)
    await answer.locator('math').nth(3).waitFor()
    expect(await answer.locator('p math').count()).toBe(2)
    expect(await answer.locator('.formula > math[display="block"]').count()).toBe(2)
    expect(await answer.locator('mfrac').textContent()).toBe('ab')
    expect(await answer.locator('p').first().textContent()).toContain('It costs $5 or $10. But ')
    // The browser draws MathML: a fraction is higher than a line.
    expect(await heightOf(answer.locator('mfrac'))).toBeGreaterThan(24)
    expect(said).toEqual([])
  })

  it('shows the source of a formula with a mistake, and says nothing on the console', async ({ skip }) => {
    const wrong = ['$\\frac{1}{$', '$\\nosuchcommand{x}$', '$\\href{https://tracker.example}{x}$']
    const { page, answer, said } = await ask(skip, [
      `${wrong.join(' and ')}, but $x^2$.\n\n$$\n\\begin{matrix} 1\n$$\n`,
    ])
    await ended(page)
    await answer.locator('math').waitFor()
    expect(await answer.locator('.formula-source').allTextContents()).toEqual([...wrong, '$$\n\\begin{matrix} 1\n$$'])
    expect(await answer.locator('math').count()).toBe(1)
    expect(said).toEqual([])
  })
})

describe('playground, whole answers', () => {
  it('makes a link of its use when the definition comes later, and shows after a reload what it streamed', async ({
    skip,
  }) => {
    const gate = Promise.withResolvers<void>()
    const [text = '', definition = ''] = MIXED_ANSWER.split(/(?=\[docs\]: )/)
    const { page, answer, said } = await ask(skip, [...inPieces(text), gate.promise, ...inPieces(definition)])
    const link = answer.getByRole('link', { name: 'the docs' })
    await answer.getByText('The note itself.').waitFor()
    expect(await link.count()).toBe(0)
    gate.resolve()
    await ended(page)
    expect(await link.getAttribute('href')).toBe('https://example.org/docs')
    await answer.locator('math').nth(3).waitFor()
    await answer.locator('.code-keyword').first().waitFor()
    const streamed = await answer.innerHTML()
    expect(streamed).toContain('<td')
    await page.reload()
    await ended(page)
    await vi.waitFor(async () => expect(await answer.innerHTML()).toBe(streamed))
    expect(said).toEqual([])
  })

  it('overflows nowhere at 360 px, and has no fault of accessibility', async ({ skip }) => {
    const { page, answer } = await ask(skip, [MIXED_ANSWER], { viewport: { width: 360, height: 800 } })
    await ended(page)
    await answer.locator('math').nth(3).waitFor()
    await answer.locator('.code-keyword').first().waitFor()
    expect(await sidewaysScroll(page)).toBe(0)
    // Neither does anything stand out of the answer, but within the regions that scroll.
    const outside =
      await page.evaluate(`[...document.querySelectorAll('.reading-page > *, .reading-page li, .reading-page p *')]
      .filter((element) => !element.closest('.table, .formula'))
      .filter((element) => element.getBoundingClientRect().right > document.querySelector('.text').getBoundingClientRect().right + 1)
      .map(({ outerHTML }) => outerHTML.slice(0, 100))`)
    expect(outside).toEqual([])
    await expectAccessible(page)
  })
})

describe('playground, scripts that answers need', () => {
  it('requests the scripts for code and for formulas not before an answer has code or a formula', async ({ skip }) => {
    const [code, formula] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
    const plain = `It costs $5 to $10, \`inline\`.\n\n${fence('nolanguage', 'x = 1')}Plain.\n\n`
    const typed = `${fence('sql', 'select 1')}Highlighted.\n\n`
    const { page, answer, requested } = await ask(skip, [plain, code.promise, typed, formula.promise, '$x^2$, done'])
    const later = () => requested.flatMap((url) => /(highlighter|mathml)-[\w-]+\.js$/.exec(url)?.[1] ?? []).toSorted()
    await answer.getByText('Plain.').waitFor()
    expect(later()).toEqual([])
    code.resolve()
    await answer.locator('.code-keyword').waitFor()
    await answer.getByText('Highlighted.').waitFor()
    expect(later()).toEqual(['highlighter'])
    formula.resolve()
    await ended(page)
    await answer.locator('math').waitFor()
    expect(later()).toEqual(['highlighter', 'mathml'])
    const { origin } = new URL(page.url())
    expect(requested.filter((url) => !url.startsWith(origin))).toEqual([])
  })
})

describe('playground, hostile answers', () => {
  it('runs nothing and loads nothing that an answer names', async ({ skip }) => {
    const text = [
      '<script>globalThis.hasRun = 1</script>',
      '<img src="https://tracker.example/a.png" onerror="globalThis.hasRun = 1">',
      'In a line <svg onload="globalThis.hasRun = 1"> and <iframe srcdoc="<script>parent.hasRun = 1</script>">.',
      '[a](javascript:globalThis.hasRun=1) [b](data:text/html,<script>1</script>) <javascript:globalThis.hasRun=1>',
      '![image](https://tracker.example/b.png)',
      '| <style>body{display:none}</style> |\n| - |\n| <img src=x onerror=globalThis.hasRun=1> |',
      '$\\includegraphics{https://tracker.example/c.png}$ and $\\style{background:url(https://tracker.example/d)}{x}$',
      fence('"><script>globalThis.hasRun = 1</script>', '</code></pre><script>globalThis.hasRun = 1</script>'),
    ].join('\n\n')
    const { page, answer, said, requested } = await ask(skip, inPieces(text))
    await ended(page)
    await answer.locator('pre').last().waitFor()
    const foreign = 'script, img, svg, iframe, style, object, embed, form, a[href^="javascript:"], a[href^="data:"]'
    expect(await answer.locator(foreign).count()).toBe(0)
    expect(await answer.textContent()).toContain('<script>globalThis.hasRun = 1</script>')
    expect(await answer.getByRole('link', { name: 'image' }).getAttribute('rel')).toBe('noreferrer noopener')
    expect(await page.evaluate('globalThis.hasRun')).toBeUndefined()
    const { origin } = new URL(page.url())
    expect(requested.filter((url) => !url.startsWith(origin))).toEqual([])
    expect(said).toEqual([])
  })

  it.for([
    ['ten thousand quotations within each other', '>'.repeat(10_000)],
    ['200 KB of asterisks behind a letter', `a${'*'.repeat(200_000)}`],
    ['200 KB of one word', 'a'.repeat(200_000)],
    ['a line of code of 200 KB', fence('html', '<a b={"'.repeat(28_000))],
    ['a formula of braces within each other', `$$\n${'{'.repeat(2_450)}${'}'.repeat(2_450)}\n$$`],
  ] as const)('stays responsive with %s', async ([, text], { skip }) => {
    const pieces = text.match(/[\s\S]{1,1000}/g) ?? []
    const { page, answer } = await open(skip, [...pieces, '\n\nThe end.'])
    const browser = await page.context().newCDPSession(page)
    await browser.send('Performance.enable', { timeDomain: 'threadTicks' })
    await runPrompt(page, 'Write')
    await ended(page)
    await answer.getByText('The end.').waitFor()
    await page.getByLabel('Prompt').fill('Go on')
    expect(await sidewaysScroll(page)).toBe(0)
    // It is all shown, but for the marks of the quotations and of the code.
    expect((await answer.textContent())?.length).toBeGreaterThan(text.length - 100)
    const { metrics } = await browser.send('Performance.getMetrics')
    // Seconds of CPU time of the page's thread since the prompt was typed.
    expect(metrics.find(({ name }) => name === 'TaskDuration')?.value).toBeLessThan(2)
  })
})
