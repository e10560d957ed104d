/** Loaded into a measured process before its own code. It reads usage and memory of the process when the benchmark asks. */
import { answerable, answerTasks } from '../processes/task.ts'
import { countAllocations, readAllocations } from './allocations.ts'
import { readLoopDelay, watchLoopDelay } from './loop-delay.ts'
import { readHeapLimit, readMemory, readPeakMemory } from './memory.ts'
import { startProfile, stopProfile } from './profiler.ts'
import { readUsage } from './usage.ts'

answerTasks([
  answerable(readUsage),
  answerable(readMemory),
  answerable(readHeapLimit),
  answerable(readPeakMemory),
  answerable(watchLoopDelay),
  answerable(readLoopDelay),
  answerable(countAllocations),
  answerable(readAllocations),
  answerable(startProfile),
  answerable(stopProfile),
])
