import { Job, JobPage } from '@promptlab/contract'
import { startServer, type TestServer } from './test-server.ts'

export const ANN = 'key-of-ann-0123456789'
export const BOB = 'key-of-bob-0123456789'
const API_KEYS = `ann:${ANN},bob:${BOB}`

/** A server with API keys for the callers `ann` and `bob`, and requests with their keys. */
export class ApiKeyServer {
  readonly url: string
  readonly app: TestServer['app']
  readonly jobs: TestServer['jobs']
  readonly routes: TestServer['routes']

  private constructor({ url, app, jobs, routes }: TestServer) {
    this.url = url
    this.app = app
    this.jobs = jobs
    this.routes = routes
  }

  static async start({ env, ...options }: Parameters<typeof startServer>[0] = {}): Promise<ApiKeyServer> {
    return new ApiKeyServer(await startServer({ ...options, env: { API_KEYS, ...env } }))
  }

  /** @param key `undefined` sends none */
  call(key: string | undefined, path: string, init: RequestInit = {}): Promise<Response> {
    const headers = { ...(key !== undefined && { authorization: `Bearer ${key}` }), ...init.headers }
    return fetch(this.url + path, { ...init, headers })
  }

  post(key: string | undefined, body: object, headers: Record<string, string> = {}): Promise<Response> {
    const init = {
      method: 'POST',
      body: JSON.stringify(body),
      headers: { 'content-type': 'application/json', ...headers },
    }
    return this.call(key, '/jobs', init)
  }

  /** Creates a job of the echo provider and waits for its end. */
  async finishedJob(key: string): Promise<Job> {
    const response = await this.post(key, ECHO, { prefer: 'wait=60' })
    return Job.parse(await response.json())
  }

  async idsOf(key: string): Promise<string[]> {
    const { data } = JobPage.parse(await (await this.call(key, '/jobs')).json())
    return data.map(({ id }) => id)
  }
}

export const ECHO = { prompt: 'Once upon a time', provider: 'echo', model: 'echo' }
