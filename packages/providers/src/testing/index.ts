export { describeLLMProvider } from './describe-llm-provider.ts'
export type { ProviderHarness } from './provider-harness.ts'
export {
  Exchange,
  LoopbackVendor,
  numberAt,
  startGeminiVendor,
  startOpenAIVendor,
  textAt,
  type VendorAnswer,
  type VendorEnd,
  type VendorRefusal,
  type VendorRequest,
  type WireFormat,
} from './vendors.ts'
