export { describeLLMProvider } from './describe-llm-provider.ts'
export type { AnswerKind, ProviderHarness } from './provider-harness.ts'
export {
  BackgroundRun,
  BackgroundVendor,
  type CreatedRun,
  Exchange,
  LoopbackVendor,
  numberAt,
  type RunPart,
  startAnthropicVendor,
  startBackgroundVendor,
  startGeminiVendor,
  startOpenAIVendor,
  startResponsesVendor,
  textAt,
  type VendorAnswer,
  type VendorCarry,
  type VendorEnd,
  type VendorRefusal,
  type VendorRequest,
  type VendorToolCall,
  type WireFormat,
} from './vendors.ts'
