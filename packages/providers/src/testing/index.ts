export { describeLLMProvider, type ProviderHarness } from './describe-llm-provider.ts'
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
