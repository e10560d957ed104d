import { describe, expect, it } from 'vitest'
import { ReceiverHosts } from './receiver-hosts.ts'

const refusal = (hosts: readonly string[], url: string) => new ReceiverHosts(hosts).refusalOf(url)

describe('ReceiverHosts', () => {
  it.each([
    ['*', 'https://hooks.example.com/x?y=z'],
    ['*', 'https://hooks.example.com:8443/'],
    ['*', 'https://8.8.8.8/'],
    ['*', 'https://[2606:4700:4700::1111]/'],
    ['hooks.example.com', 'https://hooks.example.com/'],
    ['hooks.example.com', 'https://HOOKS.example.com./'],
    ['hooks.example.com', 'http://hooks.example.com/'],
    ['*.example.com', 'https://a.b.example.com/'],
    ['127.0.0.1', 'http://127.0.0.1:8080/'],
    ['127.0.0.1', 'http://0x7f.1/'],
    ['127.0.0.1', 'http://[::ffff:127.0.0.1]/'],
    ['[::1]', 'http://[0:0::1]:8080/'],
    ['::1', 'https://[::1]/'],
    ['localhost', 'http://localhost:8080/'],
  ])('with %s take %s', (entry, url) => {
    expect(refusal([entry], url)).toBeUndefined()
  })

  it.each([
    ['*', 'http://hooks.example.com/', /^Must begin with https/],
    ['*.example.com', 'http://hooks.example.com/', /^Must begin with https/],
    ['*.example.com', 'https://example.com/', /does not allow the host example\.com$/],
    ['*.example.com', 'https://badexample.com/', /does not allow/],
    ['*.example.com', 'https://a.example.com.evil.test/', /does not allow/],
    ['hooks.example.com', 'https://a.hooks.example.com/', /does not allow/],
    ['8.8.8.8', 'https://8.8.4.4/', /does not allow/],
    ['*', 'https://user@hooks.example.com/', /user name/],
    ['*', 'https://:secret@hooks.example.com/', /user name/],
    ['*', 'ftp://hooks.example.com/', /begins with https/],
    ['*', 'not an address', /begins with https/],
    ['*', 'https://localhost/', /not an address of the public internet/],
    ['*', 'https://a.localhost/', /not an address of the public internet/],
    ['*', 'https://127.0.0.1/', /not an address of the public internet/],
    ['*', 'https://2130706433/', /^127\.0\.0\.1 is not/],
    ['*', 'https://0x7f000001/', /^127\.0\.0\.1 is not/],
    ['*', 'https://0177.0.0.1/', /^127\.0\.0\.1 is not/],
    ['*', 'https://127.1/', /^127\.0\.0\.1 is not/],
    ['*', 'https://0/', /^0\.0\.0\.0 is not/],
    ['*', 'https://１２７.0.0.1/', /^127\.0\.0\.1 is not/],
    ['*', 'https://169.254.169.254/latest/meta-data', /not an address of the public internet/],
    ['*', 'https://[::1]/', /^::1 is not/],
    ['*', 'https://[::ffff:127.0.0.1]/', /is not an address/],
    ['*', 'https://[64:ff9b::127.0.0.1]/', /is not an address/],
    ['10.0.0.1', 'https://10.0.0.2/', /does not allow/],
  ])('with %s refuse %s', (entry, url, words) => {
    expect(refusal([entry], url)).toMatch(words)
  })

  it('take no address of a caller if there are none', () => {
    expect(refusal([], 'https://hooks.example.com/')).toMatch(/WEBHOOK_HOSTS/)
  })

  it('take an address inside for a connection only if they name this very address', () => {
    const hosts = new ReceiverHosts(['*', 'inside.example.com', '10.0.0.1'])
    expect(['10.0.0.1', '::ffff:10.0.0.1', '8.8.8.8'].map((address) => hosts.hasAddress(address))).toEqual([
      true,
      true,
      true,
    ])
    expect(hosts.hasAddress('10.0.0.2')).toBe(false)
  })
})
