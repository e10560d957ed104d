import type { JobOptions } from '@promptlab/contract'
import { describe, expect, it } from 'vitest'
import { PROMPT_ONLY } from '../llm-provider.ts'
import type { Message } from '../message.ts'
import type { ProviderHarness } from './provider-harness.ts'
import { type VendorHarness, vendorFixture } from './vendor-fixture.ts'

const text = (value: string) => ({ type: 'text', text: value }) as const
const HELLO: Message = { role: 'user', content: [text('Hello')] }

const TOOLS: Required<JobOptions>['tools'] = [{ name: 'add', parameters: { type: 'object' } }]
/** An example of each option, with the others that it needs. */
const OPTIONS: { readonly [Name in keyof JobOptions]-?: Partial<JobOptions> } = {
  system: { system: 'Be brief.' },
  temperature: { temperature: 0.5 },
  maxTokens: { maxTokens: 5 },
  topP: { topP: 0.5 },
  stop: { stop: ['END'] },
  seed: { seed: 7 },
  presencePenalty: { presencePenalty: 1 },
  frequencyPenalty: { frequencyPenalty: 1 },
  reasoning: { reasoning: { effort: 'low' } },
  tools: { tools: TOOLS },
  toolChoice: { tools: TOOLS, toolChoice: 'required' },
  parallelToolCalls: { tools: TOOLS, parallelToolCalls: false },
  responseFormat: { responseFormat: { type: 'json-schema', name: 'sum', schema: { type: 'object' } } },
  vendor: { vendor: { extra_field: { of: 'the vendor' } } },
}
/** Options that mean nothing without tools. */
const WITH_TOOLS: ReadonlySet<keyof JobOptions> = new Set(['toolChoice', 'parallelToolCalls'])

/** Tests of what the vendor is asked. */
export function describeVendorRequests(harness: VendorHarness): void {
  const { options, reservedFields, messages, imageTypes, fileTypes } = capabilitiesOf(harness)

  describe('with everything that a request can have', () => {
    const { vendor, run } = vendorFixture(harness)

    /** The body of the request that these options and this prompt make. */
    async function bodyOf(options: Partial<JobOptions>, prompt?: readonly Message[]): Promise<string> {
      let body: unknown
      const { error } = await run(
        (exchange) => {
          body = exchange.body
          exchange.finish()
        },
        options,
        prompt,
      )
      expect(error).toBeUndefined()
      return JSON.stringify(body)
    }

    it.each(options)('sends the option %s', async (option) => {
      const without = await bodyOf(WITH_TOOLS.has(option) ? { tools: TOOLS } : {})
      expect(await bodyOf(OPTIONS[option])).not.toBe(without)
    })

    if (options.includes('vendor')) {
      it('reserves the fields that it sends itself, and no field that is sent for the vendor', async () => {
        const others = options.filter((option) => option !== 'vendor')
        const bodies = await Promise.all(others.map((option) => bodyOf(OPTIONS[option])))
        const entries = bodies.flatMap((body) => Object.entries<unknown>(JSON.parse(body)))
        // An SDK may send an empty list, which that of the caller replaces.
        const sent = entries.flatMap(([field, value]) => (Array.isArray(value) && value.length === 0 ? [] : [field]))
        expect(reservedFields).toEqual(expect.arrayContaining(sent))
        expect(JSON.parse(await bodyOf(OPTIONS.vendor))).toMatchObject(OPTIONS.vendor.vendor ?? {})
      })
    }

    if (!messages) return

    it('sends a conversation in its order', async () => {
      const conversation: Message[] = [
        HELLO,
        {
          role: 'assistant',
          content: [text('Wait.'), { type: 'tool-call', callId: 'c1', name: 'add', arguments: '{"a":1}', ...carry() }],
        },
        { role: 'tool', content: [{ type: 'tool-result', callId: 'c1', content: [text('The sum is 3')] }] },
        { role: 'assistant', content: [text('It is 3.')] },
        { role: 'user', content: [text('Thank '), text('you')] },
      ]
      const { error } = await run(
        (exchange) => {
          expect(exchange.request.messages).toEqual(conversation)
          expect(exchange.request.prompt).toBe('Thank you')
          exchange.finish()
        },
        {},
        conversation,
      )
      expect(error).toBeUndefined()
    })

    it('sends system texts of the conversation and of the options', async () => {
      const body = await bodyOf({ system: 'Be brief.' }, [{ role: 'system', content: [text('Be kind.')] }, HELLO])
      expect(body).toContain('Be brief.')
      expect(body).toContain('Be kind.')
    })

    it('sends no reasoning that the vendor did not sign, but the words of a refusal', async () => {
      const answer: Message = {
        role: 'assistant',
        content: [
          { type: 'reasoning', text: 'Hmm' },
          { type: 'refusal', text: 'I will not' },
        ],
      }
      const body = await bodyOf({}, [HELLO, answer, HELLO])
      expect(body).not.toContain('Hmm')
      expect(body).toContain('I will not')
    })

    it('sends no message for an answer of which nothing is sent', async () => {
      const answer: Message = { role: 'assistant', content: [{ type: 'reasoning', text: 'Hmm' }] }
      await run(
        (exchange) => {
          // Some vendors want what one side said in one message.
          const messages = exchange.request.messages ?? []
          expect(new Set(messages.map(({ role }) => role))).toEqual(new Set(['user']))
          expect(messages.flatMap(({ content }): unknown[] => [...content])).toEqual([text('Hello'), text('Hello')])
          exchange.finish()
        },
        {},
        [HELLO, answer, HELLO],
      )
      expect(vendor().requests).toBe(1)
    })

    it.each([
      ...imageTypes.map((mediaType) => ({ type: 'image', mediaType }) as const),
      ...fileTypes.map((mediaType) => ({ type: 'file', mediaType }) as const),
    ])('sends $type data of the type $mediaType, also from the result of a tool', async ({ type, mediaType }) => {
      const content = Buffer.from('What is in it')
      const part = { type, mediaType, data: content.toString('base64') }
      const call: Message = {
        role: 'assistant',
        content: [{ type: 'tool-call', callId: 'c1', name: 'add', arguments: '{}', ...carry() }],
      }
      const conversations: Message[][] = [
        [{ role: 'user', content: [text('Look'), part] }],
        [HELLO, call, { role: 'tool', content: [{ type: 'tool-result', callId: 'c1', content: [part] }] }],
      ]
      // Some vendors take files of text only as text.
      for (const conversation of conversations) {
        expect(await bodyOf({}, conversation)).toMatch(new RegExp(`${part.data}|What is in it`))
      }
    })

    if (harness.answers?.includes('carry')) {
      it('sends back what the vendor wants back, with the part that it came with', async () => {
        const answer: Message = {
          role: 'assistant',
          content: [
            { type: 'reasoning', text: 'hm', carry: 's1' },
            { ...text('Hi'), carry: 's2' },
            { type: 'tool-call', callId: 'c1', name: 'add', arguments: '{"a":1}', carry: 's3' },
          ],
        }
        await run(
          (exchange) => {
            expect(exchange.request.messages?.[1]).toEqual(answer)
            exchange.finish()
          },
          {},
          [HELLO, answer],
        )
        expect(vendor().requests).toBe(1)
      })
    }

    /** Some vendors refuse a call without it. */
    function carry() {
      return harness.answers?.includes('carry') ? { carry: 'signature' } : {}
    }
  })
}

function capabilitiesOf(harness: ProviderHarness) {
  // Nothing is sent to this address.
  const { capabilities = PROMPT_ONLY } = harness.create({ url: 'http://127.0.0.1:9', apiKey: 'any' })
  return capabilities
}
