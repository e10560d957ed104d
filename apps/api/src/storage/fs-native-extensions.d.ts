declare module 'fs-native-extensions' {
  /** Takes an exclusive advisory lock, which ends with the file descriptor. Returns false if another descriptor holds it. */
  export function tryLock(fileDescriptor: number): boolean
}
