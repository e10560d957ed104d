import { chat } from '../../../../promptlab'

export const GET = chat.resume
