import { describe, expect, it } from 'vitest'
import { isPrivateAddress } from './server-address.ts'

describe('isPrivateAddress', () => {
  it.each([
    'http://localhost:11434/v1',
    'http://ollama:11434/v1',
    'http://host.docker.internal:8080/v1',
    'http://gpu.lan/v1',
    'http://127.0.0.1/v1',
    'http://10.1.2.3/v1',
    'http://172.31.0.1/v1',
    'http://192.168.0.9/v1',
    'http://169.254.169.254/v1',
    'http://[::1]:8000/v1',
    'http://[fd00::1]/v1',
    'http://[::ffff:10.0.0.1]/v1',
    'http://0x7f.1/v1',
  ])('says yes to %s', (url) => expect(isPrivateAddress(url)).toBe(true))

  it.each(['https://api.openai.com/v1', 'https://8.8.8.8/v1', 'https://172.32.0.1/v1', 'https://[2606:4700::1]/v1'])(
    'says no to %s',
    (url) => expect(isPrivateAddress(url)).toBe(false),
  )
})
