import { commandLine } from '../base/command-line.ts'
import type { EnvironmentVariables } from './environment.ts'

/** The faults of variables that are valid on their own but not together. An empty variable must be left out. */
export function contradictions(variables: EnvironmentVariables): string[] {
  return [accessFaults, budgetFaults, processFaults, retentionFaults, webhookFaults].flatMap((faultsOf) =>
    faultsOf(variables),
  )
}

const LOOPBACK = /^(?:localhost|127(?:\.\d{1,3}){3}|::1)$/i

function accessFaults({ HOST, API_KEYS, AUTH, REDIS_URL, STREAM_LINK_SECRET }: EnvironmentVariables): string[] {
  const faults: string[] = []
  if (AUTH === 'off') return faults
  if (API_KEYS === undefined && AUTH === 'on') {
    faults.push(`API_KEYS: Must be set because AUTH is "on"; ${commandLine('new-key NAME')} makes a key`)
  } else if (API_KEYS === undefined && HOST !== undefined && !LOOPBACK.test(HOST.trim())) {
    faults.push(
      `HOST: "${HOST}" lets other machines in, but there are no API keys: set API_KEYS (${commandLine('new-key NAME')} makes a key), or set AUTH to "off" if everybody who reaches the server may use it`,
    )
  }
  if (API_KEYS !== undefined && REDIS_URL !== undefined && STREAM_LINK_SECRET === undefined) {
    faults.push(
      'STREAM_LINK_SECRET: Must be set to the same text for all processes, so that each accepts the stream links of the others',
    )
  }
  return faults
}

function budgetFaults({ BUDGETS_FILE, API_KEYS, AUTH }: EnvironmentVariables): string[] {
  if (BUDGETS_FILE === undefined || (API_KEYS !== undefined && AUTH !== 'off')) return []
  return [
    `BUDGETS_FILE: Has no effect without callers: set API_KEYS (${commandLine('new-key NAME')} makes a key), and not AUTH to "off"`,
  ]
}

function retentionFaults({ JOB_RETENTION_HOURS, MAX_JOB_RETENTION_HOURS }: EnvironmentVariables): string[] {
  if (MAX_JOB_RETENTION_HOURS === undefined) return []
  if (JOB_RETENTION_HOURS === undefined) {
    return ['MAX_JOB_RETENTION_HOURS: Has no effect without JOB_RETENTION_HOURS: set that too, or neither']
  }
  if (Number(MAX_JOB_RETENTION_HOURS) >= Number(JOB_RETENTION_HOURS)) return []
  return [
    `MAX_JOB_RETENTION_HOURS: Must be at least JOB_RETENTION_HOURS, which is ${JOB_RETENTION_HOURS}, not ${MAX_JOB_RETENTION_HOURS}`,
  ]
}

function webhookFaults({ WEBHOOK_SECRET, WEBHOOK_URL, WEBHOOK_HOSTS }: EnvironmentVariables): string[] {
  if (WEBHOOK_SECRET !== undefined) return []
  const receivers = Object.entries({ WEBHOOK_URL, WEBHOOK_HOSTS }).filter(([, value]) => value !== undefined)
  return receivers.map(
    ([name]) =>
      `${name}: Needs a key that signs: set WEBHOOK_SECRET too; ${commandLine('new-key --webhook')} makes one`,
  )
}

function processFaults({ DATABASE_URL = '', REDIS_URL, ROLE }: EnvironmentVariables): string[] {
  const faults: string[] = []
  if (REDIS_URL !== undefined && !/^\s*postgres(ql)?:/i.test(DATABASE_URL)) {
    faults.push(
      'REDIS_URL: Is for several processes, which share their jobs: set DATABASE_URL to a postgres:// URL too',
    )
  }
  if (REDIS_URL === undefined && (ROLE === 'api' || ROLE === 'worker')) {
    faults.push(
      `ROLE: A process with the role "${ROLE}" needs other processes beside it: set REDIS_URL, or set ROLE to "all"`,
    )
  }
  return faults
}
