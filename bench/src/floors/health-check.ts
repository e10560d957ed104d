/** Whether a request is a health check, which a floor answers at once. */
export function isHealthCheck(url: string | undefined): boolean {
  return url?.startsWith('/health/') === true
}
