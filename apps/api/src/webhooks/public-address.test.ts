import { expect, it } from 'vitest'
import { canonicalAddress, isPublicAddress } from './public-address.ts'

it.each([
  ['8.8.8.8', 'an address of the internet'],
  ['1.1.1.1', 'an address of the internet'],
  ['2606:4700:4700::1111', 'an address of the internet'],
  ['64:ff9b::808:808', 'a public address, by NAT64'],
  ['2002:808:808::1', 'a public address, by 6to4'],
  ['::ffff:8.8.8.8', 'a public address of IPv4 in the form of IPv6'],
])('isPublicAddress > takes %s: %s', (address) => {
  expect(isPublicAddress(address)).toBe(true)
})

it.each([
  ['127.0.0.1', 'loopback'],
  ['127.255.255.254', 'loopback'],
  ['0.0.0.0', 'this machine'],
  ['10.0.0.1', 'private'],
  ['172.16.0.1', 'private'],
  ['172.31.255.255', 'private'],
  ['192.168.1.1', 'private'],
  ['169.254.169.254', 'link-local, where clouds have their metadata'],
  ['100.64.0.1', 'shared by a carrier'],
  ['100.100.100.200', 'shared by a carrier, where a cloud has its metadata'],
  ['192.0.0.192', 'reserved, where a cloud has its metadata'],
  ['198.18.0.1', 'for benchmarks'],
  ['192.0.2.1', 'for documents'],
  ['224.0.0.1', 'multicast'],
  ['240.0.0.1', 'reserved'],
  ['255.255.255.255', 'broadcast'],
  ['::1', 'loopback'],
  ['::', 'this machine'],
  ['fe80::1', 'link-local'],
  ['fe80::1%eth0', 'link-local'],
  ['fc00::1', 'unique local'],
  ['fd00:ec2::254', 'unique local, where a cloud has its metadata'],
  ['fec0::1', 'site-local'],
  ['ff02::1', 'multicast'],
  ['2001:db8::1', 'for documents'],
  ['2001::7f00:1', 'Teredo'],
  ['::ffff:127.0.0.1', 'loopback of IPv4 in the form of IPv6'],
  ['::ffff:a9fe:a9fe', 'metadata of IPv4 in the form of IPv6'],
  ['::127.0.0.1', 'loopback of IPv4 in the old form of IPv6'],
  ['::ffff:0:127.0.0.1', 'loopback, translated'],
  ['64:ff9b::7f00:1', 'loopback by NAT64'],
  ['64:ff9b::a9fe:a9fe', 'metadata by NAT64'],
  ['64:ff9b:1::808:808', 'NAT64 of a network'],
  ['2002:7f00:1::1', 'loopback by 6to4'],
  ['2002:a00:1::1', 'a private address by 6to4'],
  ['4000::1', 'given to nobody'],
  ['127.1', 'no address of four numbers'],
  ['0177.0.0.1', 'octal'],
  ['2130706433', 'one number'],
  ['0x7f000001', 'one number'],
  ['[::1]', 'in brackets'],
  ['localhost', 'a name'],
  ['', 'nothing'],
])('isPublicAddress > refuses %s: %s', (address) => {
  expect(isPublicAddress(address)).toBe(false)
})

it('canonicalAddress > has one text for all forms of an address', () => {
  expect(canonicalAddress('0:0:0:0:0:0:0:1')).toBe(canonicalAddress('::1'))
  expect(canonicalAddress('::ffff:7f00:1')).toBe('127.0.0.1')
  expect(canonicalAddress('hooks.example.com')).toBeUndefined()
})
