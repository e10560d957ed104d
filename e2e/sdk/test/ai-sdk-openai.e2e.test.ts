import { describe } from 'vitest'
import { AI_SDK_CHAT, AI_SDK_RESPONSES } from './ai-sdk.ts'
import { describeSdkAnswers } from './describe-sdk-answers.ts'
import { describeSdkEnds } from './describe-sdk-ends.ts'
import { DoorServer } from './door-server.ts'

const server = await DoorServer.startForFile({ store: 'sqlite:jobs.db' })

for (const sdk of [AI_SDK_RESPONSES, AI_SDK_CHAT])
  describe(sdk.name, () => {
    describeSdkAnswers(sdk, server)
    describeSdkEnds(sdk, server)
  })
