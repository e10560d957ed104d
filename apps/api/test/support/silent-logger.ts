import type { Logger } from '../../src/base/logger.ts'

/** A logger for tests that do not check the log. */
export const SILENT: Logger = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }
