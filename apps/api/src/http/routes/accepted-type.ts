import type { FastifyRequest } from 'fastify'

/**
 * The media type that the client prefers; undefined if it accepts none of them. Parameters such as `charset=utf-8` are
 * ignored, because every text is UTF-8.
 * @param types in the order of our own preference
 */
export function acceptedType<Type extends string>(request: FastifyRequest, types: readonly Type[]): Type | undefined {
  const { headers } = request.raw
  if (headers.accept?.includes('charset')) headers.accept = headers.accept.replace(/;\s*charset\s*=[^,;]*/gi, '')
  const accepted = request.accepts().type([...types])
  return types.find((type) => type === accepted)
}
