import { openPostgresJobs } from '../../src/storage/sql/open-postgres.ts'

// Opens the store of DATABASE_URL, says how its process is named there, and keeps it open until it is killed.
const logger = { info: () => {}, warn: () => {} }
const jobs = await openPostgresJobs(process.env['DATABASE_URL'] ?? '', { logger, shared: true })
process.stdout.write(`process ${jobs.processId} opened the store\n`)
