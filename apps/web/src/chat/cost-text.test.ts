import { expect, it } from 'vitest'
import { costText } from './cost-text.ts'

it.each([
  [{ priced: 'unknown' }, 'unknown'],
  [{ priced: 'exact', usd: 0 }, '$0.00'],
  [{ priced: 'exact', usd: 0.00123456 }, '$0.00123'],
  [{ priced: 'vendor', usd: 0.000000042 }, '$0.000000042'],
  [{ priced: 'estimated', usd: 12.345 }, 'about $12.35'],
] as const)('the cost %j is shown as %s', (cost, text) => expect(costText(cost)).toBe(text))
