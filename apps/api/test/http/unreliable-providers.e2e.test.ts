import { ProviderError } from '@promptlab/providers'
import { describe, expect, it, vi } from 'vitest'
import { createJob, getJob, readStream, StreamReader } from '../support/job-client.ts'
import { ScriptedProvider } from '../support/scripted-provider.ts'
import { startServer } from '../support/test-server.ts'
import { OPENAI, PATIENT, startVendorServer } from '../support/vendor-server.ts'

const SCRIPTED = { prompt: 'Go', provider: 'scripted', model: 'script-1' }
const never = new Promise<void>(() => {})

const cancel = (url: string, id: string) => fetch(`${url}/jobs/${id}/cancel`, { method: 'POST' })

describe('a provider that is busy or down', () => {
  it('is called three times in all before the first token', async () => {
    const { vendor, url } = await startVendorServer()
    const { id } = await createJob(url, OPENAI)
    for (const status of [500, 502, 504]) (await vendor.nextRequest()).fail(status)
    const { final } = await readStream(url, id)
    expect(JSON.parse(final?.data ?? '')).toMatchObject({ code: 'provider-unavailable', metrics: { attempts: 3 } })
    expect(vendor.requests).toBe(3)
  })

  it('completes the job when the second call is answered', async () => {
    const { vendor, url } = await startVendorServer()
    const { id } = await createJob(url, OPENAI)
    ;(await vendor.nextRequest()).reset()
    const exchange = await vendor.nextRequest()
    exchange.sendToken('At last')
    exchange.finish()
    expect(await readStream(url, id)).toMatchObject({ text: 'At last', final: { event: 'metrics' } })
    expect(await getJob(url, id)).toMatchObject({ metrics: { attempts: 2 } })
  })

  it('is not called again after the first token or after a refusal', async () => {
    const { vendor, url } = await startVendorServer()
    const streaming = await createJob(url, OPENAI)
    const exchange = await vendor.nextRequest()
    exchange.sendToken('Half')
    const reader = await StreamReader.open(url, streaming.id)
    await reader.nextToken()
    exchange.reset()
    await reader.rest()
    expect(await getJob(url, streaming.id)).toMatchObject({
      status: 'failed',
      result: 'Half',
      metrics: { attempts: 1 },
    })

    const refused = await createJob(url, OPENAI)
    ;(await vendor.nextRequest()).fail(400)
    await readStream(url, refused.id)
    expect(await getJob(url, refused.id)).toMatchObject({
      error: { code: 'provider-rejected' },
      metrics: { attempts: 1 },
    })
    expect(vendor.requests).toBe(2)
  })

  it('is called again after its Retry-After, and not at all when that is longer than a minute', async () => {
    const waits: number[] = []
    const failures = [1.5, 61].map(
      (seconds) => new ProviderError('busy', { code: 'provider-rate-limited', retryAfterMs: seconds * 1000 }),
    )
    const provider = {
      name: 'scripted',
      models: ['script-1'],
      // biome-ignore lint/correctness/useYield: it fails before its first token
      async *complete() {
        waits.push(performance.now())
        const failure = failures[waits.length - 1]
        if (failure) throw failure
        return undefined
      },
    }
    const config = { run: { ...PATIENT, patienceMs: 0 } }
    const { url } = await startServer({ providers: [provider], config })
    const { id } = await createJob(url, SCRIPTED)
    await readStream(url, id)
    expect(await getJob(url, id)).toMatchObject({ error: { code: 'provider-rate-limited' }, metrics: { attempts: 2 } })
    const [first = 0, second = 0] = waits
    expect(second - first).toBeGreaterThanOrEqual(1_499)
  })

  it('can be cancelled between two calls', async () => {
    const config = { run: { ...PATIENT, retryDelayMs: 60_000 } }
    const provider = new ScriptedProvider([new ProviderError('down', { code: 'provider-unavailable' })])
    const { url } = await startServer({ providers: [provider], config })
    const { id } = await createJob(url, SCRIPTED)
    await vi.waitUntil(() => provider.calls === 1)
    expect(await (await cancel(url, id)).json()).toMatchObject({ status: 'cancelled', metrics: { attempts: 1 } })
  })
})

describe('a provider that sends nothing', () => {
  it.each([
    ['FIRST_TOKEN_TIMEOUT_MS', [never], ''],
    ['TOKEN_IDLE_TIMEOUT_MS', ['some', ' text', never], 'some text'],
    ['JOB_TIMEOUT_MS', ['some', never], 'some'],
  ] as const)('fails the job after %s', async (variable, steps, text) => {
    const provider = new ScriptedProvider(steps)
    const { url } = await startServer({ env: { [variable]: '50' }, providers: [provider] })
    const { id } = await createJob(url, SCRIPTED)
    const stream = await readStream(url, id)
    expect(stream.text).toBe(text)
    expect(JSON.parse(stream.final?.data ?? '')).toMatchObject({ code: 'provider-timeout', retryable: true })
    expect(provider.calls).toBe(1)
  })

  it('does not delay the jobs of other providers', async () => {
    const { vendor, url } = await startVendorServer({ MAX_CONCURRENT_JOBS: '4' })
    for (let count = 0; count < 10; count++) await createJob(url, OPENAI)
    // Two providers are configured, so one that is stuck holds three of the four slots.
    for (let count = 0; count < 3; count++) await vendor.nextRequest()
    const { id } = await createJob(url, { prompt: 'well', provider: 'echo', model: 'echo' })
    expect((await readStream(url, id)).text).toBe('well')
    expect(vendor.requests).toBe(3)
  })
})
