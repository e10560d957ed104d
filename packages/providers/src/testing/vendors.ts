export { startAnthropicVendor } from './anthropic-vendor.ts'
export { BackgroundRun, type RunPart } from './background-run.ts'
export {
  type BackgroundRefusal,
  BackgroundVendor,
  type CreatedRun,
  startBackgroundVendor,
} from './background-vendor.ts'
export { Exchange } from './exchange.ts'
export { startGeminiVendor } from './gemini-vendor.ts'
export { LoopbackVendor } from './loopback-vendor.ts'
export { startOpenAIVendor } from './openai-vendor.ts'
export { numberAt, textAt } from './read-request.ts'
export { startResponsesVendor } from './responses-vendor.ts'
export type {
  VendorAnswer,
  VendorCarry,
  VendorEnd,
  VendorRefusal,
  VendorRequest,
  VendorToolCall,
  WireFormat,
} from './wire-format.ts'
