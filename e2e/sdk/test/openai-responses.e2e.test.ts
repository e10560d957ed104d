import { describe } from 'vitest'
import { describeSdkAnswers } from './describe-sdk-answers.ts'
import { describeSdkEnds } from './describe-sdk-ends.ts'
import { DoorServer } from './door-server.ts'
import { OPENAI_RESPONSES } from './openai-responses-sdk.ts'

const server = await DoorServer.startForFile()

describe(OPENAI_RESPONSES.name, () => {
  describeSdkAnswers(OPENAI_RESPONSES, server)
  describeSdkEnds(OPENAI_RESPONSES, server)
})
