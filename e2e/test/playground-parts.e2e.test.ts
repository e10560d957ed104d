import type { Page } from 'playwright-core'
import { describe, expect, it, type TestContext } from 'vitest'
import { openPage } from './chromium.ts'
import { expectAccessible } from './expect-accessible.ts'
import { chooseModel, runPrompt, startVendorPlayground } from './playground.ts'

/** Runs a prompt, and returns the page with the vendor's side of the call. */
async function ask(skip: TestContext['skip']) {
  const page = await openPage(skip, { reducedMotion: 'reduce' })
  const { vendor, url } = await startVendorPlayground()
  await page.goto(url)
  await chooseModel(page, 'gpt-4')
  await runPrompt(page, 'What is the weather in Oslo?')
  return { page, exchange: await vendor.nextRequest() }
}

const answer = (page: Page) => page.locator('.text')
const statusOf = (page: Page) => page.locator('.pane .status').textContent()
const noticeOf = (page: Page) => page.locator('.pane .notice').textContent()
const dotIn = (page: Page, selector: string) =>
  page.evaluate<unknown>(`getComputedStyle(document.querySelector('${selector} .dot')).backgroundColor`)

describe('playground', () => {
  it('shows the reasoning as it grows, and folds it above the answer when the text comes', async ({ skip }) => {
    const { page, exchange } = await ask(skip)
    const details = page.locator('details.reasoning')
    exchange.sendReasoning('**Oslo** is in')
    await details.getByText('Oslo is in').waitFor()
    expect(await statusOf(page)).toBe('Reasoning')
    exchange.sendReasoning(' Norway.')
    await details.getByText('Oslo is in Norway.').waitFor()
    expect(await details.getAttribute('open')).not.toBeNull()
    expect(await details.locator('summary').textContent()).toBe('Reasoning …')
    exchange.sendToken('It rains.')
    await answer(page).getByText('It rains.').waitFor()
    expect(await details.getAttribute('open')).toBeNull()
    expect(await details.locator('summary').textContent()).toMatch(/^Reasoning · [\d.]+ m?s$/)
    expect(await statusOf(page)).toBe('Streaming')
    exchange.finish()
    await page.locator('.pane.completed').waitFor()
    await details.locator('summary').click()
    await details.getByText('Oslo is in Norway.').waitFor()
    expect(await page.locator('.pane .notice').count()).toBe(0)
  })

  it('keeps the reasoning as the reader has left it, open or folded', async ({ skip }) => {
    const { page, exchange } = await ask(skip)
    const details = page.locator('details.reasoning')
    exchange.sendReasoning('Oslo')
    await details.getByText('Oslo').waitFor()
    await details.locator('summary').focus()
    await page.keyboard.press('Enter')
    await page.locator('details.reasoning:not([open])').waitFor()
    exchange.sendReasoning(' is')
    await page.keyboard.press('Enter')
    await details.getByText('Oslo is').waitFor()
    exchange.sendToken('It rains.')
    await answer(page).getByText('It rains.').waitFor()
    expect(await details.getAttribute('open')).not.toBeNull()
  })

  it('shows each tool call as a card with its arguments, as they come and then in lines', async ({ skip }) => {
    const { page, exchange } = await ask(skip)
    exchange.sendToken('Let me look.')
    exchange.sendToolCalls({ index: 0, callId: 'call_1', name: 'get_weather', arguments: '{"city":"Os' })
    const cards = page.locator('.tool-call')
    await cards.getByText('{"city":"Os').waitFor()
    expect(await statusOf(page)).toBe('Calling a tool')
    exchange.sendToolCalls({ index: 0, arguments: 'lo","station":12345678901234567890}' })
    exchange.sendToolCalls({ index: 1, callId: 'call_2', name: 'get_time', arguments: '{}' })
    exchange.finish({ reason: 'tool-calls' })
    await page.locator('.pane.completed').waitFor()
    expect(await cards.locator('.part-title').allTextContents()).toEqual(['get_weathertool call', 'get_timetool call'])
    expect(await cards.locator('pre').allTextContents()).toEqual([
      '{\n  "city": "Oslo",\n  "station": 12345678901234567890\n}',
      '{}',
    ])
    expect(await statusOf(page)).toBe('Calls tools')
    expect(await noticeOf(page)).toBe('The model waits for the results of its tool calls.')
  })

  it('shows what an ended job cost, and never a zero for a cost that is not known', async ({ skip }) => {
    const { page, exchange } = await ask(skip)
    exchange.sendToken('It rains.')
    exchange.finish({ usage: { inputTokens: 9, outputTokens: 3 } })
    await page.locator('.pane.completed').waitFor()
    expect(await page.locator('.figures dl').textContent()).toMatch(/Costunknown$/)
  })

  it('says that an answer was cut off at the token limit, and that its tool call is not whole', async ({ skip }) => {
    const { page, exchange } = await ask(skip)
    exchange.sendToken('It is')
    exchange.sendToolCalls({ index: 0, callId: 'call_1', name: 'get_time', arguments: '{"zo' })
    exchange.finish({ reason: 'length' })
    await page.locator('.pane.completed').waitFor()
    expect(await statusOf(page)).toBe('Cut off')
    expect(await page.locator('.tool-call .part-title').textContent()).toBe('get_timetool call, cut off')
    expect(await page.locator('.tool-call pre').textContent()).toBe('{"zo')
    expect(await noticeOf(page)).toContain('cut off at the token limit')
    expect(await page.locator('.news').textContent()).toMatch(/gpt-4: cut off with 1 tokens\. The answer was cut off/)
    await page.locator('.history .dot.partial').waitFor()
    expect(await page.locator('.history .about').first().textContent()).toContain('cut off')
    expect(await dotIn(page, '.pane')).toBe(await dotIn(page, '.history'))
  })

  it('shows a refusal and a filtered answer as such, in another colour than a completed one', async ({ skip }) => {
    const { page, exchange } = await ask(skip)
    exchange.sendRefusal('I cannot')
    exchange.sendRefusal(' help with that.')
    exchange.finish()
    await page.locator('.pane.withheld').waitFor()
    expect(await page.locator('.refusal').textContent()).toBe('RefusalI cannot help with that.')
    expect(await statusOf(page)).toBe('Refused')
    const filtered = await ask(skip)
    filtered.exchange.sendToken('First, take')
    filtered.exchange.finish({ reason: 'content-filter' })
    await filtered.page.locator('.pane.withheld').waitFor()
    expect(await statusOf(filtered.page)).toBe('Filtered')
    expect(await noticeOf(filtered.page)).toContain('content filter')
    const whole = await ask(skip)
    whole.exchange.sendToken('Rain.')
    whole.exchange.finish()
    await whole.page.locator('.pane.completed.whole').waitFor()
    const colors = await Promise.all([page, filtered.page, whole.page].map((each) => dotIn(each, '.pane')))
    expect(colors[0]).toBe(colors[1])
    expect(colors[0]).not.toBe(colors[2])
  })

  it.for([
    ['nothing', undefined, 'stop', 'The model gave no answer.'],
    ['nothing but reasoning', 'Hm', 'stop', 'The model gave no answer besides its reasoning.'],
    [
      'reasoning up to the token limit',
      'Hm',
      'length',
      /besides its reasoning\. The answer was cut off at the token limit/,
    ],
  ] as const)(
    'says that a model has given no answer when it sent %s',
    async ([, reasoning, reason, notice], { skip }) => {
      const { page, exchange } = await ask(skip)
      if (reasoning) exchange.sendReasoning(reasoning)
      exchange.finish({ reason })
      await page.locator('.pane.completed').waitFor()
      expect(await noticeOf(page)).toEqual(typeof notice === 'string' ? notice : expect.stringMatching(notice))
    },
  )

  it('shows everything again after a reload, with the time of the reasoning', async ({ skip }) => {
    const { page, exchange } = await ask(skip)
    exchange.sendReasoning('Hm')
    exchange.sendToken('It rains.')
    exchange.sendToolCalls({ index: 0, callId: 'call_1', name: 'get_time', arguments: '{"zone":1}' })
    exchange.finish({ reason: 'tool-calls' })
    await page.locator('.pane.completed').waitFor()
    const before = await answer(page).textContent()
    await page.reload()
    await page.locator('.pane.completed').waitFor()
    const withoutTime = (text: string | null) => text?.replace(/[\d.]+ m?s/, 'TIME')
    expect(withoutTime(await answer(page).textContent())).toBe(withoutTime(before))
    expect(await page.locator('.reasoning summary').textContent()).toMatch(/^Reasoning · [\d.]+ m?s$/)
    expect(await statusOf(page)).toBe('Calls tools')
  })

  it('shows everything of a job that runs on after a reload', async ({ skip }) => {
    const { page, exchange } = await ask(skip)
    exchange.sendReasoning('Hm')
    exchange.sendToken('It ')
    await answer(page).getByText('It').waitFor()
    await page.reload()
    await answer(page).getByText('It').waitFor()
    exchange.sendToken('rains.')
    exchange.finish()
    await page.locator('.pane.completed').waitFor()
    expect(await answer(page).textContent()).toBe('ReasoningHmIt rains.')
  })

  it('has no violation that axe finds, and no horizontal overflow, light and dark, wide and narrow, with parts of every kind', async ({
    skip,
  }) => {
    const { page, exchange } = await ask(skip)
    exchange.sendReasoning('The user asks for the weather.\n\n- First the city\n- then the day')
    await page.locator('.reasoning').getByText('then the day').waitFor()
    await expectAccessible(page)
    exchange.sendToken(`Let me look. ${'x'.repeat(200)}`)
    exchange.sendToolCalls({
      index: 0,
      callId: 'call_1',
      name: 'get_the_weather_of_a_city_by_its_name_and_country',
      arguments: `{"city":"${'Oslo'.repeat(40)}","days":[1,2]}`,
    })
    exchange.sendRefusal('I cannot help with the rest of it.')
    exchange.finish({ reason: 'length' })
    await page.locator('.pane.completed').waitFor()
    await page.locator('.reasoning summary').click()
    await expectAccessible(page)
  })
})
