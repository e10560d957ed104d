import { randomBytes } from 'node:crypto'
import { commandLine } from '../base/command-line.ts'
import { digestOf } from '../http/access/api-keys.ts'

/** The bytes of a key by which webhooks are signed; Standard Webhooks takes 24 to 64. */
const WEBHOOK_KEY_BYTES = 32

/** `pnpm new-key NAME`: makes an API key and prints it with the entry for `API_KEYS`. `--webhook`: one that signs webhooks. */
function main([name = '']: readonly string[]): void {
  if (name === '--webhook') {
    process.stdout.write(`The line for .env. Receivers need the same key, to verify signatures:

  WEBHOOK_SECRET=whsec_${randomBytes(WEBHOOK_KEY_BYTES).toString('base64')}
`)
    return
  }
  if (!/^(?!--)[\w.-]{1,64}$/.test(name)) {
    process.stderr.write(
      `Usage: ${commandLine('new-key NAME')}, or ${commandLine('new-key --webhook')}\nThe name is 1 to 64 letters, digits, dots, hyphens or underscores.\n`,
    )
    process.exitCode = 1
    return
  }
  const key = `pl_${randomBytes(32).toString('base64url')}`
  process.stdout.write(`The key of ${name}, which is shown only now:

  ${key}

The line for .env; separate several keys with commas:

  API_KEYS=${name}:sha256:${digestOf(key).toString('hex')}
`)
}

main(process.argv.slice(2))
