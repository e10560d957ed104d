// Tells how a run ended: `node report.mjs FOLDER`, where FOLDER holds Vitest's JSON reports and a line for each check in
// `passed` and `failed`. Each failed test stands here once more, as whoever reads a long log begins at its end. The last line
// is "N passed, N failed" with the tests and, as one each, the checks. Exits with 1 when anything failed.
import { existsSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'

/** How much of a failure's message is printed, in UTF-16 code units: ten failures must fit on a few screens. */
const MESSAGE_LENGTH = 1200

const folder = process.argv[2]
const lines = (name) =>
  existsSync(join(folder, name)) ? readFileSync(join(folder, name), 'utf8').split('\n').filter(Boolean) : []

/** A report of Vitest; one that was never written counts as a failed test. */
function read(name) {
  try {
    return JSON.parse(readFileSync(join(folder, name), 'utf8'))
  } catch {
    return {
      numPassedTests: 0,
      numFailedTests: 1,
      testResults: [{ name, message: 'left no report', assertionResults: [] }],
    }
  }
}

/** The failed tests of a file, and the file itself where no test of it ran. */
function* failuresOf({ name, status, message, assertionResults }) {
  const failed = assertionResults.filter((test) => test.status === 'failed')
  for (const test of failed) {
    yield { name: `${relative('.', name)} > ${test.fullName}`, message: test.failureMessages.join('\n') }
  }
  if (failed.length === 0 && status !== 'passed') yield { name: relative('.', name), message }
}

const checks = { passed: lines('passed'), failed: lines('failed') }
const reports = ['tests.json', 'chaos.json'].map(read)
const sum = (count) => reports.reduce((total, report) => total + report[count], 0)
const passed = checks.passed.length + sum('numPassedTests')
const failed = checks.failed.length + sum('numFailedTests')

const print = (text) => process.stdout.write(`${text}\n`)
for (const { name, message } of reports.flatMap((report) =>
  report.testResults.flatMap((file) => [...failuresOf(file)]),
)) {
  print(`--- failed: ${name}\n${message.slice(0, MESSAGE_LENGTH)}`)
}
for (const name of checks.failed) print(`--- failed: ${name}`)
print(`${passed} passed, ${failed} failed`)
process.exitCode = failed === 0 ? 0 : 1
