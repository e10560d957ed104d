import { chat } from '../../../../promptlab'

export const POST = chat.stop
