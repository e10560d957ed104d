import { describe } from 'vitest'
import { describeSdkAnswers } from './describe-sdk-answers.ts'
import { describeSdkEnds } from './describe-sdk-ends.ts'
import { DoorServer } from './door-server.ts'
import { LANGCHAIN_CHAT, LANGCHAIN_RESPONSES } from './langchain-sdk.ts'

const server = await DoorServer.startForFile()

for (const sdk of [LANGCHAIN_RESPONSES, LANGCHAIN_CHAT])
  describe(sdk.name, () => {
    describeSdkAnswers(sdk, server)
    describeSdkEnds(sdk, server)
  })
