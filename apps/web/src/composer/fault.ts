import type { OptionField } from './option-fields.ts'

/** A field of the composer. `form` is none of them: the request as a whole. */
export type FaultField = OptionField | 'prompt' | 'attachments' | 'choices' | 'form'

/** What is wrong with a draft. */
export interface Fault {
  readonly field: FaultField
  /** A whole sentence. */
  readonly message: string
  /** Whose own options have the fault, an index of `choices`; undefined: the options for all, or no options. */
  readonly choice?: number | undefined
  /** The attachment that has it. */
  readonly attachmentId?: string | undefined
}
