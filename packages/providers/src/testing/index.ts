export { describeLLMProvider } from './describe-llm-provider.ts'
export type { AnswerKind, ProviderHarness } from './provider-harness.ts'
export {
  Exchange,
  LoopbackVendor,
  numberAt,
  startAnthropicVendor,
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
