export { EchoProvider } from './echo-provider.ts'
