import { describe } from 'vitest'
import { AGENTS_CHAT, AGENTS_RESPONSES } from './agents-sdk.ts'
import { describeSdkAnswers } from './describe-sdk-answers.ts'
import { describeSdkEnds } from './describe-sdk-ends.ts'
import { DoorServer } from './door-server.ts'

const server = await DoorServer.startForFile({ store: 'sqlite:jobs.db' })

for (const sdk of [AGENTS_RESPONSES, AGENTS_CHAT])
  describe(sdk.name, () => {
    describeSdkAnswers(sdk, server)
    describeSdkEnds(sdk, server)
  })
