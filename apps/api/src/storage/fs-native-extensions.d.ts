declare module 'fs-native-extensions' {
  /** Takes an exclusive advisory lock that ends with the file descriptor; false if another descriptor holds one. */
  export function tryLock(fileDescriptor: number): boolean
}
