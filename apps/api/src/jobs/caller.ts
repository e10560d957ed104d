/** The name of the caller; undefined when keys are switched off, and every job can then be seen and changed. */
export type Caller = string | undefined
