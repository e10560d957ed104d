/** What tests of other packages need to run against this server. */
export { CuttableProxy } from './cuttable-proxy.ts'
export { Random } from './random.ts'
export { rounds, timeoutOf } from './rounds.ts'
export { ScriptedProvider } from './scripted-provider.ts'
export { temporaryFolder } from './temporary-folder.ts'
export { startServer, type TestServer } from './test-server.ts'
export { startVendorServer } from './vendor-server.ts'
