import { ScriptedProvider } from '@promptlab/api/testing'
import type { Page } from 'playwright-core'
import { describe, expect, it, type TestContext } from 'vitest'
import { openPage } from './chromium.ts'
import { expectAccessible } from './expect-accessible.ts'
import { addModel, chooseModel, startPlayground, startVendorPlayground } from './playground.ts'
import { png } from './png.ts'

/** Opens the page at a vendor that the test controls, with its model chosen. */
async function open(skip: TestContext['skip']) {
  const page = await openPage(skip, { reducedMotion: 'reduce' })
  const { vendor, url } = await startVendorPlayground()
  await page.goto(url)
  await chooseModel(page, 'gpt-4')
  return { page, vendor }
}

/** A provider that takes images by their address, as vendors on the internet do. */
class ImageReader extends ScriptedProvider {
  readonly capabilities = { messages: true, options: [], imageTypes: ['image/png'], fileTypes: [], urls: true }
}

const options = (page: Page) => page.getByRole('button', { name: 'Options', exact: true })
const run = (page: Page) => page.getByRole('button', { name: 'Run' }).click()
const field = (page: Page, label: string) => page.getByLabel(label, { exact: true })

describe('composer of the playground', () => {
  it('sends the options that were set to the vendor, and says which they are', async ({ skip }) => {
    const { page, vendor } = await open(skip)
    await field(page, 'Prompt').fill('Hello')
    await options(page).click()
    await field(page, 'System instruction').fill('Be short.')
    await field(page, 'Temperature').fill('0.2')
    await field(page, 'Top-p').fill('0.9')
    await field(page, 'Max tokens').fill('50')
    await field(page, 'Stop texts').fill('END\n\\n\\n')
    await field(page, 'Seed').fill('7')
    await field(page, 'Reasoning effort').selectOption('low')
    await field(page, 'Form of the answer').selectOption('json-schema')
    await page.getByRole('button', { name: 'Insert an example' }).click()
    await page.getByRole('button', { name: 'Add an example' }).click()
    await field(page, 'Tool choice').selectOption('must call get_weather')
    await field(page, 'Fields for the vendor').fill('{"service_tier":"flex"}')
    await options(page).click()
    expect(await page.locator('.options-summary').textContent()).toBe(
      'system text · temperature 0.2 · top-p 0.9 · max tokens 50 · 2 stop texts · seed 7 · reasoning low · JSON schema · 1 tool · tool choice get_weather · vendor fields',
    )
    await run(page)
    const { body, request } = await vendor.nextRequest()
    expect(request).toMatchObject({ prompt: 'Hello', system: 'Be short.', temperature: 0.2, maxTokens: 50 })
    expect(body).toMatchObject({
      top_p: 0.9,
      stop: ['END', '\n\n'],
      seed: 7,
      reasoning_effort: 'low',
      response_format: {
        type: 'json_schema',
        json_schema: { name: 'answer', schema: { required: ['title', 'tags'] } },
      },
      tools: [{ function: { name: 'get_weather' } }],
      tool_choice: { function: { name: 'get_weather' } },
      service_tier: 'flex',
    })
    await page.reload()
    await page.getByText('system text · temperature 0.2').waitFor()
    await page.getByRole('button', { name: 'Reset options' }).click()
    await page.locator('.options-summary').waitFor({ state: 'detached' })
  })

  it('asks the same model twice with its own options', async ({ skip }) => {
    const { page, vendor } = await open(skip)
    await addModel(page, 'gpt-4')
    await field(page, 'Prompt').fill('Hello')
    await options(page).click()
    await field(page, 'Temperature').fill('0')
    await page.getByRole('button', { name: /^gpt-4.*model 2$/ }).click()
    await page.getByRole('button', { name: 'Give it its own' }).click()
    await field(page, 'Temperature').fill('1')
    await page.getByRole('button', { name: 'Model 2: gpt-4 openai own options' }).waitFor()
    await run(page)
    const requests = [await vendor.nextRequest(), await vendor.nextRequest()]
    expect(requests.map(({ request }) => request.temperature).sort()).toEqual([0, 1])
  })

  it('says where JSON is wrong, sends nothing, and leads to the field', async ({ skip }) => {
    const { page, vendor } = await open(skip)
    await field(page, 'Prompt').fill('Hello')
    await options(page).click()
    await field(page, 'Tools').fill('[\n  {"name": "add",}\n]')
    await page.getByText('Line 2, column 17: Remove the comma before }.').waitFor()
    await options(page).click()
    await run(page)
    await page.locator('textarea.code:focus').waitFor()
    expect(await page.locator(':focus').getAttribute('aria-invalid')).toBe('true')
    await page.keyboard.press('Tab')
    expect(await page.locator('textarea.code:focus').count()).toBe(0)
    await field(page, 'Tools').fill('[{"name":"add"}]')
    await page.getByRole('button', { name: 'Format Tools' }).click()
    expect(await field(page, 'Tools').inputValue()).toBe('[\n  {\n    "name": "add"\n  }\n]')
    await run(page)
    expect((await vendor.nextRequest()).body).toMatchObject({ tools: [{ function: { name: 'add' } }] })
  })

  it('shows what the server refuses beside its field, until it is changed', async ({ skip }) => {
    const { page } = await open(skip)
    await field(page, 'Prompt').fill('Hello')
    await options(page).click()
    await field(page, 'Fields for the vendor').fill('{"stream": false}')
    await run(page)
    await page.getByText('stream: The server sets this field of openai itself.', { exact: true }).waitFor()
    await page.locator('textarea.code:focus').waitFor()
    await field(page, 'Fields for the vendor').fill('')
    await page.locator('.composer .field-faults').waitFor({ state: 'detached' })
  })

  it('sends images and files that are pasted, dropped and chosen, and shows them above the prompt', async ({
    skip,
  }) => {
    const { page, vendor } = await open(skip)
    await field(page, 'Prompt').fill('What is this?')
    await give(page, 'paste', 'pasted.png', 'image/png', png(4, 4))
    await page.getByText('pasted.png').waitFor()
    await give(page, 'dragenter', 'dropped.png', 'image/png', png(5, 5))
    await page.getByText('Drop images and files to attach them').waitFor()
    await give(page, 'drop', 'dropped.png', 'image/png', png(5, 5))
    await page.getByText('dropped.png').waitFor()
    await page.getByLabel('Files to attach').setInputFiles([
      { name: 'a.pdf', mimeType: 'application/pdf', buffer: Buffer.from('%PDF-1.4') },
      { name: 'notes.md', mimeType: 'text/markdown', buffer: Buffer.from('# Notes') },
      { name: 'program', mimeType: '', buffer: Buffer.from([0, 1, 2, 255]) },
    ])
    await page.getByText('program is no image, no PDF and no text in UTF-8.').waitFor()
    await page.locator('.attachments img').nth(1).waitFor()
    await page.getByRole('button', { name: 'Remove dropped.png' }).click()
    await page.reload()
    await page.locator('.attachment').nth(2).waitFor()
    await run(page)
    const { request } = await vendor.nextRequest()
    expect(request.messages?.[0]?.content).toEqual([
      { type: 'image', mediaType: 'image/png', data: png(4, 4).toString('base64') },
      { type: 'file', mediaType: 'application/pdf', data: Buffer.from('%PDF-1.4').toString('base64') },
      { type: 'text', text: 'notes.md:\n\n# Notes' },
      { type: 'text', text: 'What is this?' },
    ])
    await page.locator('.question img').waitFor()
    expect(await page.locator('.question').textContent()).toContain('What is this?')
  })

  it('scales down an image that vendors would refuse', async ({ skip }) => {
    const { page, vendor } = await open(skip)
    const wide = { name: 'wide.png', mimeType: 'image/png', buffer: png(8_100, 8) }
    await page.getByLabel('Files to attach').setInputFiles(wide)
    await page.getByText('scaled to 2048 × 2').waitFor()
    await run(page)
    const { request } = await vendor.nextRequest()
    expect(request.prompt).toBe('')
  })

  it('says which chosen model takes no images, and sends nothing', async ({ skip }) => {
    const page = await openPage(skip)
    await page.goto(await startPlayground())
    await page.getByRole('button', { name: 'Model 1: echo' }).waitFor()
    await page.getByLabel('Files to attach').setInputFiles({ name: 'a.png', mimeType: 'image/png', buffer: png(4, 4) })
    await page.getByText('echo takes no images.').waitFor()
    await run(page)
    expect(await page.locator(':focus').getAttribute('aria-label')).toBe('Remove a.png')
    expect(await page.locator('.pane').count()).toBe(0)
    await page.getByRole('button', { name: 'Remove a.png' }).click()
    await run(page)
    await page.getByText('Write a prompt first.').waitFor()
  })

  it('sends the address of an image, which the page itself does not load', async ({ skip }) => {
    const page = await openPage(skip)
    const url = await startPlayground({ provider: new ImageReader(['A cat.']) })
    await page.goto(url)
    await page.getByRole('button', { name: 'Attach an image by its address' }).click()
    await field(page, 'Address of the image').fill('http://images.example/cat.png')
    await page.keyboard.press('Enter')
    await page.getByText('Must be an address that begins with https://.').waitFor()
    await field(page, 'Address of the image').fill('https://images.example/cat.png')
    await page.keyboard.press('Enter')
    await run(page)
    await page.locator('.pane.completed').waitFor()
    const job = await fetch(`${url}/jobs/${new URL(page.url()).hash.slice(1)}`)
    expect(await job.json()).toMatchObject({
      messages: [{ role: 'user', content: [{ type: 'image', url: 'https://images.example/cat.png' }] }],
    })
    await page.getByRole('link', { name: 'https://images.example/cat.png' }).waitFor()
    expect(await page.locator('img').count()).toBe(0)
  })

  it('sends the results of tool calls that are typed, all of them', async ({ skip }) => {
    const { page, vendor } = await open(skip)
    await field(page, 'Prompt').fill('Weather?')
    await run(page)
    const exchange = await vendor.nextRequest()
    exchange.sendToolCalls({ index: 0, callId: 'call_1', name: 'get_weather', arguments: '{"city":"Oslo"}' })
    exchange.sendToolCalls({ index: 1, callId: 'call_2', name: 'get_time', arguments: '{}' })
    exchange.finish({ reason: 'tool-calls' })
    const form = page.getByRole('form', { name: 'Results of tool calls' })
    await form.getByText('"city": "Oslo"').waitFor()
    await form.getByLabel('Result of get_weather, call 1').fill('Rain')
    await form.getByRole('button', { name: 'Send results' }).click()
    await form.getByText('Type the result of this call.').waitFor()
    expect(await page.locator(':focus').getAttribute('aria-invalid')).toBe('true')
    await expectAccessible(page)
    await form.getByLabel('Result of get_time, call 2').fill('{"hour":9}')
    await page.keyboard.press('Control+Enter')
    const { request } = await vendor.nextRequest()
    expect(request.messages?.slice(-2)).toEqual([
      { role: 'tool', content: [{ type: 'tool-result', callId: 'call_1', content: [{ type: 'text', text: 'Rain' }] }] },
      {
        role: 'tool',
        content: [{ type: 'tool-result', callId: 'call_2', content: [{ type: 'text', text: '{"hour":9}' }] }],
      },
    ])
  })

  it('can be used by the keyboard alone', async ({ skip }) => {
    const page = await openPage(skip)
    const { vendor, url } = await startVendorPlayground()
    await page.goto(url)
    await page.locator('button.primary:enabled').waitFor()
    const tabTo = async (name: RegExp) => {
      for (let steps = 0; steps < 60; steps++) {
        await page.keyboard.press('Tab')
        const label = await page.evaluate<string>(
          "(document.activeElement.getAttribute('aria-label') ?? document.activeElement.labels?.[0]?.textContent ?? document.activeElement.textContent).trim()",
        )
        if (name.test(label)) return
      }
      throw new Error(`Tab does not reach ${name}.`)
    }
    await tabTo(/^Model 1: echo/)
    await page.keyboard.press('Enter')
    await page.getByRole('listbox', { name: 'Models' }).waitFor()
    await page.keyboard.press('ArrowDown')
    await page.keyboard.press('Enter')
    await page.getByRole('button', { name: 'Model 1: gpt-4 openai' }).waitFor()
    expect(await page.locator(':focus').textContent()).toBe('Model 1: gpt-4 openai ')
    await tabTo(/^\+ Add model$/)
    await page.keyboard.press('Enter')
    await page.keyboard.press('Escape')
    await page.getByRole('dialog').waitFor({ state: 'detached' })
    expect(await page.locator(':focus').textContent()).toBe('+ Add model')
    await tabTo(/^Prompt$/)
    await page.keyboard.type('One')
    await page.keyboard.press('Enter')
    await page.keyboard.type('Two')
    await tabTo(/^Options$/)
    await page.keyboard.press('Enter')
    await tabTo(/^Temperature$/)
    await page.keyboard.type('0.5')
    await tabTo(/^Tools$/)
    await page.keyboard.type('[]')
    await tabTo(/^Fields for the vendor$/)
    await tabTo(/^Run/)
    await page.keyboard.press('Enter')
    const { request } = await vendor.nextRequest()
    expect(request).toMatchObject({ prompt: 'One\nTwo', temperature: 0.5 })
  })

  it('has no violation that axe finds, and no horizontal overflow, with everything open', async ({ skip }) => {
    const { page } = await open(skip)
    await addModel(page, 'echo')
    await field(page, 'Prompt').fill('word '.repeat(400))
    await page.getByLabel('Files to attach').setInputFiles([
      { name: `${'long'.repeat(20)}.png`, mimeType: 'image/png', buffer: png(4, 4) },
      { name: 'a.pdf', mimeType: 'application/pdf', buffer: Buffer.from('%PDF-1.4') },
    ])
    await page.locator('.attachment').nth(1).waitFor()
    await options(page).click()
    await field(page, 'Temperature').fill('9')
    await field(page, 'Form of the answer').selectOption('json-schema')
    await page.getByRole('button', { name: 'Add an example' }).click()
    await field(page, 'If the vendor fails, ask').selectOption('these models …')
    await expectAccessible(page)
    await page.getByRole('button', { name: '+ Add fallback' }).click()
    await expectAccessible(page)
  })
})

/** Pastes a file into the prompt, or holds or drops it over the composer. */
async function give(page: Page, event: string, name: string, type: string, bytes: Buffer): Promise<void> {
  const file = JSON.stringify({ name, type, data: bytes.toString('base64') })
  await page.evaluate(`{
    const { name, type, data } = ${file}
    const transfer = new DataTransfer()
    transfer.items.add(new File([Uint8Array.from(atob(data), (char) => char.charCodeAt(0))], name, { type }))
    const isPaste = ${JSON.stringify(event)} === 'paste'
    const target = document.querySelector(isPaste ? '.prompt textarea' : '.composer')
    target.dispatchEvent(isPaste
      ? new ClipboardEvent('paste', { clipboardData: transfer, bubbles: true, cancelable: true })
      : new DragEvent(${JSON.stringify(event)}, { dataTransfer: transfer, bubbles: true, cancelable: true }))
  }`)
}
