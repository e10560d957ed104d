import { describe } from 'vitest'
import { describeSdkAnswers } from './describe-sdk-answers.ts'
import { describeSdkEnds } from './describe-sdk-ends.ts'
import { DoorServer } from './door-server.ts'
import { OPENAI_CHAT } from './openai-chat-sdk.ts'

const server = await DoorServer.startForFile()

describe(OPENAI_CHAT.name, () => {
  describeSdkAnswers(OPENAI_CHAT, server)
  describeSdkEnds(OPENAI_CHAT, server)
})
