import type { Benchmark } from '../benchmark.ts'
import { conversation } from './conversation.ts'
import { crowd } from './crowd.ts'
import { doors } from './doors.ts'
import { fanOut } from './fan-out.ts'
import { firstToken } from './first-token.ts'
import { heap } from './heap.ts'
import { idle } from './idle.ts'
import { oneToken } from './one-token.ts'
import { pieces } from './pieces.ts'
import { plainEngine } from './plain-engine.ts'
import { burst, relay } from './relay.ts'
import { resume } from './resume.ts'
import { start } from './start.ts'
import { store } from './store.ts'
import { stores } from './stores.ts'
import { workers } from './workers.ts'

/** Every benchmark, in the order in which they run. */
export const benchmarks: readonly Benchmark[] = [
  relay,
  burst,
  pieces,
  oneToken,
  plainEngine,
  doors,
  fanOut,
  firstToken,
  start,
  heap,
  idle,
  crowd,
  store,
  stores,
  workers,
  resume,
  conversation,
]
