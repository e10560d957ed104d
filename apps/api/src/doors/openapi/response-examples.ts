/** Answers of a server, to requests of the examples. */
const ID = '01a21b26ceda73ad9be437a463df6b63'

const item = {
  id: `msg_${ID}_0`,
  type: 'message',
  status: 'completed',
  role: 'assistant',
  content: [{ type: 'output_text', text: 'Once upon', annotations: [], logprobs: [] }],
}

const begun = {
  id: `resp_${ID}`,
  object: 'response',
  created_at: 1795751857,
  completed_at: null,
  status: 'in_progress',
  error: null,
  incomplete_details: null,
  output: [],
  usage: null,
  background: false,
  model: 'echo/echo',
  previous_response_id: null,
  store: true,
  temperature: 1,
  top_p: 1,
  presence_penalty: 0,
  frequency_penalty: 0,
  top_logprobs: 0,
  max_output_tokens: null,
  instructions: null,
  reasoning: { effort: null, summary: null },
  text: { format: { type: 'text' }, verbosity: 'medium' },
  tool_choice: 'auto',
  tools: [],
  parallel_tool_calls: true,
  truncation: 'disabled',
  service_tier: 'default',
  max_tool_calls: null,
  metadata: {},
  user: null,
  safety_identifier: null,
  prompt_cache_key: null,
}

const completed = {
  ...begun,
  completed_at: 1795751857,
  status: 'completed',
  output: [item],
  usage: {
    input_tokens: 3,
    input_tokens_details: { cached_tokens: 0 },
    output_tokens: 3,
    output_tokens_details: { reasoning_tokens: 0 },
    total_tokens: 6,
    estimated: true,
  },
}

const cancelled = { ...begun, status: 'cancelled', output: [{ ...item, status: 'incomplete' }] }

const inText = { item_id: item.id, output_index: 0, content_index: 0 }
const emptyPart = { type: 'output_text', text: '', annotations: [], logprobs: [] }

const EVENTS = [
  { type: 'response.created', response: begun, sequence_number: 0 },
  { type: 'response.in_progress', response: begun, sequence_number: 2 },
  {
    type: 'response.output_item.added',
    output_index: 0,
    item: { ...item, status: 'in_progress', content: [] },
    sequence_number: 3,
  },
  { type: 'response.content_part.added', ...inText, part: emptyPart, sequence_number: 4 },
  { type: 'response.output_text.delta', ...inText, logprobs: [], delta: 'Once', sequence_number: 8 },
  { type: 'response.output_text.delta', ...inText, logprobs: [], delta: ' upon', sequence_number: 13 },
  { type: 'response.output_text.done', ...inText, text: 'Once upon', logprobs: [], sequence_number: 14 },
  { type: 'response.content_part.done', ...inText, part: item.content[0], sequence_number: 15 },
  { type: 'response.output_item.done', output_index: 0, item, sequence_number: 16 },
  { type: 'response.completed', response: completed, sequence_number: 2_000_000_000 },
]

export const RESPONSE_EXAMPLES = {
  request: { model: 'echo/echo', input: 'Once upon' },
  background: { model: 'echo/echo', input: [{ role: 'user', content: 'Once upon' }], background: true, stream: true },
  completed,
  cancelled,
  queued: { ...begun, status: 'queued', background: true },
  stream: `${EVENTS.map((event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`).join('')}data: [DONE]\n\n`,
  deleted: { id: `resp_${ID}`, object: 'response', deleted: true },
  inputItems: {
    object: 'list',
    data: [
      {
        id: `msg_${ID}_i0`,
        type: 'message',
        status: 'completed',
        role: 'user',
        content: [{ type: 'input_text', text: 'Once upon' }],
      },
    ],
    first_id: `msg_${ID}_i0`,
    last_id: `msg_${ID}_i0`,
    has_more: false,
  },
} as const
