/** Loaded into a measured process before its own code: tells the benchmark, when asked, what only the process knows. */
import { answerable, answerTasks } from '../processes/task.ts'
import { readCpu } from './cpu.ts'
import { readLoopDelay, watchLoopDelay } from './loop-delay.ts'
import { readMemory } from './memory.ts'
import { startProfile, stopProfile } from './profiler.ts'

answerTasks([
  answerable(readCpu),
  answerable(readMemory),
  answerable(watchLoopDelay),
  answerable(readLoopDelay),
  answerable(startProfile),
  answerable(stopProfile),
])
