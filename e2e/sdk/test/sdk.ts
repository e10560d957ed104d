/** What a test asks through an SDK. */
export interface Question {
  /** As a door names it: `provider/model`. */
  readonly model: string
  readonly prompt: string
  /** A PNG image as base64, behind the prompt. */
  readonly image?: string
  readonly temperature?: number
  readonly maxTokens?: number
  readonly signal?: AbortSignal
  /** How often the SDK sends the request again. Default: never. */
  readonly maxRetries?: number
}

/** An answer as the SDK shows it. */
export interface Said {
  readonly text: string
  /** Undefined or empty: the SDK showed none. */
  readonly reasoning?: string | undefined
  readonly refusal?: string | undefined
  readonly usage?: { readonly input: number | undefined; readonly output: number | undefined } | undefined
  /** In the SDK's own words. */
  readonly finish?: string | null | undefined
}

/** How clients of the SDK reach the server. */
export interface Access {
  /** Without a slash at its end. */
  readonly url: string
  readonly apiKey: string
}

/** The tool of the tests: `get_sum({a, b})`. */
export const SUM = { name: 'get_sum', description: 'Adds two numbers.', callId: 'call_of_vendor' }
export const SUM_SCHEMA = {
  type: 'object',
  properties: { a: { type: 'number' }, b: { type: 'number' } },
  required: ['a', 'b'],
  additionalProperties: false,
} as const

/** One SDK with one of the doors that it speaks to. Its methods use the SDK as the documentation of the SDK shows it. */
export interface Sdk {
  readonly name: string
  /** The whole answer at once. */
  ask(access: Access, question: Question): Promise<Said>
  /**
   * The answer as a stream.
   * @param onText is given each text as it comes
   * @throws whatever a user of the SDK would see
   */
  stream(access: Access, question: Question, onText?: (text: string) => void): Promise<Said>
  /** Lets the model call `get_sum` once, runs it, and gives the answer behind it. */
  useTool(access: Access, question: Question, getSum: (input: unknown) => string): Promise<Said>
  /** An object with the schema of `get_sum`'s input. */
  askObject(access: Access, question: Question): Promise<unknown>
  /** Two turns of a conversation; the SDK brings the first one into the second. */
  converse(access: Access, first: Question, second: Question): Promise<readonly [Said, Said]>
  /** The status of an HTTP error as the SDK tells it. Undefined: the error has none. */
  statusOf(error: unknown): number | undefined
  /** How the SDK says that the limit of tokens cut the answer: it throws, or gives this reason, or undefined. */
  readonly lengthFinish: 'throws' | string | undefined
  /** The vendors' models that the requests of the SDK for an object ask for what they cannot do. */
  readonly refusedObjects?: readonly string[]
  /** What an unknown model is. Default: 404. */
  readonly unknownModelStatus?: number
  /** Whether the second turn of `converse` has what the vendor gave with its reasoning. */
  readonly keepsCarry?: true
  /** What the SDK cannot show. */
  readonly lacks?: readonly ('refusal' | 'reasoning')[]
}
