import type { Benchmark } from '../benchmark.ts'
import { doors } from './doors.ts'
import { fanOut } from './fan-out.ts'
import { firstToken } from './first-token.ts'
import { idle } from './idle.ts'
import { reasoning } from './reasoning.ts'
import { burst, relay } from './relay.ts'
import { resume } from './resume.ts'
import { store } from './store.ts'
import { stores } from './stores.ts'

/** Every benchmark, in the order in which they run. */
export const benchmarks: readonly Benchmark[] = [
  relay,
  burst,
  doors,
  reasoning,
  fanOut,
  firstToken,
  idle,
  store,
  stores,
  resume,
]
