import type { Logger } from '../../src/base/logger.ts'

/** For what a test does not look at. */
export const SILENT: Logger = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }
