/** The requests that the server sends to receivers, as the document describes them. */
export const DESCRIBED_WEBHOOKS = {
  jobEnded: {
    post: {
      operationId: 'jobEnded',
      tags: ['jobs'],
      summary: 'A job has ended',
      description:
        'Sent to the webhook of the job and to that of the operator, signed as Standard Webhooks says, at least once. It has no prompt and no answer.',
      security: [],
      parameters: [
        header(
          'webhook-id',
          'The id of the delivery. All attempts have the same.',
          'msg_01a2097c-e4d6-7275-83df-99a3229accf8',
        ),
        header('webhook-timestamp', 'When the attempt was made, in whole seconds since 1970.', '1795543205'),
        header(
          'webhook-signature',
          '`v1,` and the base64 of the HMAC-SHA256 of `ID.TIMESTAMP.BODY`; several, separated by spaces, while keys change.',
          'v1,K5oZfzN95Z9UVu1EsfQmfVNQhnkZ2pj9o9NDN/H/pI4=',
        ),
      ],
      requestBody: {
        required: true,
        content: { 'application/json': { schema: { $ref: '#/components/schemas/WebhookMessage' } } },
      },
      responses: {
        '2XX': { description: 'The news is delivered.' },
        '410': { description: 'There is no further attempt.' },
        default: { description: 'The next attempt follows, for about a day.' },
      },
    },
  },
}

function header(name: string, description: string, example: string) {
  return { name, in: 'header' as const, required: true, description, schema: { type: 'string' as const }, example }
}
