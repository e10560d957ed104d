import { describe, expect, it } from 'vitest'
import { readConfig } from '../../src/config/config.ts'
import { callerOf } from '../../src/http/access/api-keys.ts'
import { runScript } from '../support/run-script.ts'

describe('pnpm new-key', () => {
  it('prints a key, and the line that lets it in', async () => {
    const { output, exitCode } = await runScript('new-key.ts', ['ann'])
    expect(exitCode).toBe(0)
    const key = /^ {2}(pl_\S{43})$/m.exec(output)?.[1] ?? ''
    const line = /^ {2}API_KEYS=(\S+)$/m.exec(output)?.[1] ?? ''
    expect(line).not.toContain(key)
    expect(callerOf(key, readConfig({ API_KEYS: line }).apiKeys ?? [])).toBe('ann')
  })

  it.each([[[]], [['an n']], [['a:b']], [['x'.repeat(65)]]])('refuses the name %j', async (args) => {
    const { output, exitCode } = await runScript('new-key.ts', args)
    expect(exitCode).toBe(1)
    expect(output).toContain('Usage: pnpm new-key NAME')
  })
})
