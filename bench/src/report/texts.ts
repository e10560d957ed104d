import type { Checked } from '../load/wrong-texts.ts'

/** Prints how many texts were checked. The process fails if one is wrong, or if there were none. */
export function reportTexts(checked: readonly Checked[]): void {
  const streams = checked.reduce((sum, part) => sum + part.streams, 0)
  const wrong = checked.flatMap((part) => part.wrong)
  const complaints = wrong.slice(0, 10).map((complaint) => `- ${complaint}\n`)
  process.stdout.write(`\n${streams} texts checked, ${wrong.length} wrong\n${complaints.join('')}`)
  if (streams === 0 || wrong.length > 0) process.exitCode = 1
}
