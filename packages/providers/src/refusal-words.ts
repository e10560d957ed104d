/** Words about a prompt, or a conversation, that does not fit into the context of the model. */
const TOO_LONG = [
  /context[_ ]length|context[_ ](?:window|size)|maximum (?:context|prompt) length|exceed_context_size/i,
  /(?:prompt|input|request|messages?) (?:is|are) too (?:long|large)|prompt contains \d+ tokens|reduce the length of/i,
  /(?:input|prompt) tokens? (?:count|length)?.{0,40}exceed|input token count/i,
]

/** Words about a model that the server does not have, or that this account may not use. */
const NO_MODEL = [
  /model_not_(?:found|exist|allowed|available)|model_not_supported|invalid_model/i,
  /\bmodel\b.{0,160}\b(?:does not exist|not exist|not found|inaccessible|not deployed|decommissioned|no longer (?:available|supported)|has been (?:retired|deprecated|removed|shut down))/is,
  /(?:invalid|unknown|no such) model\b|not a valid model|no endpoints found/i,
]

/**
 * What the words of a refusal are about, where the status does not tell. They are the vendor's codes and its sentence.
 * @returns undefined if they are about something else
 */
export function codeOfWords(words: string): 'prompt-too-long' | 'model-unavailable' | undefined {
  if (TOO_LONG.some((pattern) => pattern.test(words))) return 'prompt-too-long'
  return NO_MODEL.some((pattern) => pattern.test(words)) ? 'model-unavailable' : undefined
}
