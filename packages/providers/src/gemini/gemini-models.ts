/** The models that callers may choose unless GEMINI_MODELS is set. */
export const GEMINI_MODELS: readonly string[] = [
  'gemini-3.8-flash',
  'gemini-3.5-flash',
  'gemini-3.5-flash-lite',
  'gemini-3.1-flash-lite',
  'gemini-3.1-pro-preview',
  'gemini-pro-latest',
  'gemini-pro',
]
