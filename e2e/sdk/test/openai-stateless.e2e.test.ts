import { describe } from 'vitest'
import { describeSdkAnswers } from './describe-sdk-answers.ts'
import { describeSdkEnds } from './describe-sdk-ends.ts'
import { DoorServer } from './door-server.ts'
import { OPENAI_STATELESS } from './openai-responses-sdk.ts'

const server = await DoorServer.startForFile({ store: 'sqlite:jobs.db' })

describe(OPENAI_STATELESS.name, () => {
  describeSdkAnswers(OPENAI_STATELESS, server)
  describeSdkEnds(OPENAI_STATELESS, server)
})
