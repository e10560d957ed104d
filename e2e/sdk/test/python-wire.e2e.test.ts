import { execFile, spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'
import { DoorServer, KEY } from './door-server.ts'
import { HOSTILE_PIECES, HOSTILE_TEXT } from './hostile-text.ts'
import { CHAT } from './loopback-vendors.ts'
import { say } from './spoken.ts'

const PROGRAM = fileURLToPath(new URL('../read-wire.py', import.meta.url))
const HOW_TO = 'not installed: python3; install it (Debian: apt-get install python3) to include this test'

const server = await DoorServer.startForFile()

it.for(['responses', 'chat', 'messages'])(
  'the %s door is read by a client that splits lines by Unicode',
  async (door, { skip }) => {
    if (spawnSync('python3', ['--version']).status !== 0) {
      if (process.env['CI']) throw new Error(HOW_TO)
      skip(HOW_TO)
    }
    server.vendorOf(CHAT).respondWith((exchange) => say(exchange, HOSTILE_PIECES))
    const { stdout } = await promisify(execFile)('python3', [PROGRAM, server.url, KEY, door, CHAT.model], {
      timeout: 20_000,
      maxBuffer: 10_000_000,
    })
    expect(JSON.parse(stdout)).toBe(HOSTILE_TEXT)
  },
)
