import axe from 'axe-core'
import type { Page } from 'playwright-core'
import { expect } from 'vitest'

/** Looks at a page in both colour schemes, wide and narrow: axe finds no violation, and nothing overflows at the side. */
export async function expectAccessible(page: Page): Promise<void> {
  const size = page.viewportSize() ?? { width: 1280, height: 720 }
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme })
    for (const width of [1280, 360]) {
      await page.setViewportSize({ width, height: 800 })
      await expectNoViolations(page)
      expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(width)
    }
  }
  await page.setViewportSize(size)
}

async function expectNoViolations(page: Page): Promise<void> {
  await page.addScriptTag({ content: axe.source }).catch(() => page.evaluate(axe.source))
  const found: unknown = await page.evaluate(
    "axe.run().then(({ violations }) => violations.map(({ id, nodes }) => id + ': ' + nodes.map((n) => n.html)))",
  )
  expect(found).toEqual([])
}
