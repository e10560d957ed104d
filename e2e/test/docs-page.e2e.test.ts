import { describe, expect, it } from 'vitest'
import { openPage } from './chromium.ts'
import { startPlayground } from './playground.ts'

describe('/docs', () => {
  it('shows the operations, calls one, and logs no error or warning in the browser', async ({ skip }) => {
    const page = await openPage(skip)
    const faults: string[] = []
    page.on('console', (message) => {
      if (message.type() === 'error' || message.type() === 'warning') faults.push(message.text())
    })
    await page.goto(`${await startPlayground()}/docs`)
    const providers = page.locator('#operations-providers-listProviders')
    await providers.waitFor()
    expect(await page.locator('.opblock-summary-path').allTextContents()).toEqual(
      expect.arrayContaining(['/jobs', '/jobs/{id}', '/jobs/{id}/stream', '/providers', '/health/ready']),
    )
    await providers.locator('.opblock-summary-control').click()
    await providers.getByRole('button', { name: 'Try it out' }).click()
    await providers.getByRole('button', { name: 'Execute' }).click()
    const answer = providers.locator('.live-responses-table')
    await answer.getByText('"echo"').first().waitFor()
    expect(await answer.locator('.response-col_status').last().textContent()).toMatch(/^200/)
    expect(faults).toEqual([])
  })
})
