/**
 * `node:http`, which must not be imported for its values: an import reads all of them, three of which load undici. That takes
 * 35 ms of the start.
 */
export const http = process.getBuiltinModule('node:http')
