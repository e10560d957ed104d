import { describe, expect, it } from 'vitest'
import { readConfig } from '../../src/config/config.ts'
import { callerOf } from '../../src/http/access/api-keys.ts'
import { programArguments, ServerProcess } from '../support/server-process.ts'

async function newKey(...args: readonly string[]): Promise<{ exitCode: unknown; output: string }> {
  const command = await ServerProcess.spawnNode(programArguments('new-key', ...args))
  return { exitCode: await command.exit(), output: command.output }
}

describe('pnpm new-key', () => {
  it('prints a key, and the API_KEYS line that accepts it', async () => {
    const { output, exitCode } = await newKey('ann')
    expect(exitCode).toBe(0)
    const key = /^ {2}(pl_\S{43})$/m.exec(output)?.[1] ?? ''
    const line = /^ {2}API_KEYS=(\S+)$/m.exec(output)?.[1] ?? ''
    expect(line).not.toContain(key)
    expect(callerOf(key, readConfig({ API_KEYS: line }).apiKeys ?? [])).toBe('ann')
  })

  it('prints a key that signs webhooks', async () => {
    const { output, exitCode } = await newKey('--webhook')
    expect(exitCode).toBe(0)
    const WEBHOOK_SECRET = /^ {2}WEBHOOK_SECRET=(whsec_\S+)$/m.exec(output)?.[1] ?? ''
    expect(readConfig({ WEBHOOK_SECRET }).webhooks?.keys.map((key) => key.length)).toEqual([32])
  })

  it.each([[[]], [['--webhooks']], [['an n']], [['a:b']], [['x'.repeat(65)]]])('refuses the name %j', async (args) => {
    const { output, exitCode } = await newKey(...args)
    expect(exitCode).toBe(1)
    expect(output).toContain('Usage: pnpm new-key NAME')
  })
})
