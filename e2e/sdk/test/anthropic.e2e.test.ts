import { describe } from 'vitest'
import { ANTHROPIC_SDK } from './anthropic-sdk.ts'
import { describeSdkAnswers } from './describe-sdk-answers.ts'
import { describeSdkEnds } from './describe-sdk-ends.ts'
import { DoorServer } from './door-server.ts'

const server = await DoorServer.startForFile()

describe(ANTHROPIC_SDK.name, () => {
  describeSdkAnswers(ANTHROPIC_SDK, server)
  describeSdkEnds(ANTHROPIC_SDK, server)
})
