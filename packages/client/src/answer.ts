interface Cuttable {
  /** Present if the part was cut off. */
  incomplete?: true | undefined
}

/** A part of an answer: a stretch of one kind. */
export type OutputPart = Cuttable &
  (
    | { type: 'reasoning' | 'text' | 'refusal'; text: string }
    | {
        type: 'tool-call'
        callId: string
        name: string
        /** The arguments as JSON text, as the vendor sent it. */
        arguments: string
      }
  )

/** A piece of an answer, as it arrives. */
export type Piece =
  | { type: 'text' | 'reasoning' | 'refusal'; text: string }
  /** A tool call begins. Its arguments and its end follow before anything else. */
  | { type: 'tool-call'; callId: string; name: string }
  | { type: 'tool-arguments'; callId: string; text: string }
  /** The call is complete, with all of its arguments as JSON text. A call without this piece was cut off and must not be run. */
  | { type: 'tool-call-end'; callId: string; name: string; arguments: string }
