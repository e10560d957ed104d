/** The process of all clients. */
import { answerable, answerTasks } from '../processes/task.ts'
import { holdConversation, loadNextTurns } from './conversation-load.ts'
import { loadFirstTokens, loadFirstTokensTogether } from './first-token-load.ts'
import { readHealthTimes, startHealthWatch, stopHealthWatch } from './health-watch.ts'
import { closeIdleStreams, openIdleStreams } from './idle-load.ts'
import { attachReaders, readToEnd } from './readers-load.ts'
import { loadRelay } from './relay-load.ts'
import { loadResume } from './resume-load.ts'
import { loadSteadyPosts } from './steady-posts-load.ts'

answerTasks([
  answerable(loadRelay),
  answerable(attachReaders),
  answerable(readToEnd),
  answerable(loadFirstTokens),
  answerable(loadFirstTokensTogether),
  answerable(openIdleStreams),
  answerable(closeIdleStreams),
  answerable(loadSteadyPosts),
  answerable(loadResume),
  answerable(holdConversation),
  answerable(loadNextTurns),
  answerable(startHealthWatch),
  answerable(readHealthTimes),
  answerable(stopHealthWatch),
])
