import { describe } from 'vitest'
import { AI_SDK_ANTHROPIC, AI_SDK_COMPATIBLE } from './ai-sdk.ts'
import { describeSdkAnswers } from './describe-sdk-answers.ts'
import { describeSdkEnds } from './describe-sdk-ends.ts'
import { DoorServer } from './door-server.ts'

const server = await DoorServer.startForFile()

for (const sdk of [AI_SDK_COMPATIBLE, AI_SDK_ANTHROPIC])
  describe(sdk.name, () => {
    describeSdkAnswers(sdk, server)
    describeSdkEnds(sdk, server)
  })
