import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import ipaddr from 'ipaddr.js'
import { addressKey, cidrOf, networkEnds, sharedBits } from '../../../../discovery/learn/network/address.js'
import {
	type AddressNeed,
	type Block,
	generaliseAddresses
} from '../../../../discovery/learn/network/cidr.js'
import { DEFAULT_WEIGHTS } from '../../../../discovery/learn/network/growth.js'
import { terrainOf } from '../../../../discovery/learn/network/terrain.js'
import { item, pod } from '../../sighted.js'

const GROWTH = { ...DEFAULT_WEIGHTS, exposedHours: 100 }
const open = terrainOf([])
const once = (address: string, hour: number): AddressNeed => ({
	address,
	units: { hour1: hour, hour2: Infinity, start1: Infinity, start2: Infinity, startOnly: false }
})
const always = (address: string): AddressNeed => ({
	address,
	units: { hour1: 0, hour2: 1, start1: Infinity, start2: Infinity, startOnly: false }
})
const cidrs = (blocks: Block<AddressNeed>[]) => blocks.map(({ cidr }) => cidr)
const grown = (addresses: string[], terrain = open) =>
	cidrs(
		generaliseAddresses(
			addresses.map((address, index) => once(address, index)),
			terrain,
			GROWTH
		)
	)

test('addresses that keep coming in one network become that network, no wider than they reach', () => {
	assert.deepEqual(grown(['198.51.100.1', '198.51.100.77', '198.51.100.130', '198.51.100.201']), [
		'198.51.100.0/24'
	])
	assert.deepEqual(grown(['198.51.100.17', '198.51.100.18', '198.51.100.20', '198.51.100.23']), [
		'198.51.100.16/29'
	])
	assert.deepEqual(grown(['2001:db8:5:1::1', '2001:db8:5:1::2', '2001:db8:5:1::8', '2001:db8:5:1::b']), [
		'2001:db8:5:1::/124'
	])
})

test('what has stopped growing stays a list, however much of it there is', () => {
	const stable = Array.from({ length: 12 }, (_, index) => always(`198.51.100.${index * 20}`))
	assert.equal(generaliseAddresses(stable, open, GROWTH).length, 12)
	const sameHour = Array.from({ length: 12 }, (_, index) => once(`198.51.100.${index * 20}`, 5))
	assert.equal(generaliseAddresses(sameHour, open, GROWTH).length, 12, 'one event is not twelve')
})

test('addresses that have nothing to do with each other are never one network', () => {
	assert.deepEqual(grown(['198.51.100.1', '198.51.100.2']), ['198.51.100.1/32', '198.51.100.2/32'])
	const far = ['8.8.8.8', '52.1.2.3', '104.16.0.1', '151.101.1.1', '203.0.113.1', '198.51.100.1']
	assert.deepEqual(grown(far).length, 6)
	assert.deepEqual(grown(['52.1.0.1', '52.2.0.1', '52.3.0.1', '52.4.0.1']).length, 4, '/13 is wider than /16')
	assert.deepEqual(grown(['10.1.0.1', '10.1.1.1', '10.1.2.1', '10.1.3.1']).length, 4, '/22 of a private net')
	assert.deepEqual(grown(['10.1.0.1', '10.1.0.61', '10.1.0.130', '10.1.0.190', '10.1.0.99']), ['10.1.0.0/24'])
	assert.deepEqual(grown(['169.254.1.1', '169.254.1.2', '169.254.1.5', '169.254.1.9']).length, 4)
	assert.deepEqual(grown(['127.0.0.1', '127.0.0.2', '127.0.0.5', '127.0.0.9']).length, 4)
})

test('no network reaches over the metadata service, the API server, a node, pods or services', () => {
	const terrain = terrainOf([
		item('Node', '', 'n', { addresses: ['192.168.7.20'] }),
		item('Service', 'default', 'kubernetes', { addresses: ['10.96.0.1'] }),
		item('EndpointSlice', 'default', 'kubernetes', { addresses: ['192.168.8.40'] }),
		pod('shop', 'web', '10.244.3.7'),
		pod('shop', 'api', '10.244.9.7')
	])
	const around = (network: string, spared: number) =>
		[1, 60, 130, 200].filter((host) => host !== spared).map((host) => `${network}.${host}`)
	assert.equal(grown([...around('192.168.7', 20), '192.168.7.90'], terrain).length, 5, 'a node stands in it')
	assert.equal(grown([...around('192.168.8', 40), '192.168.8.90'], terrain).length, 5, 'the API server')
	assert.equal(grown(around('10.96.0', 0), terrain).length, 4, 'service addresses')
	assert.equal(grown(around('10.244.5', 0), terrain).length, 4, 'between two networks of pods')
	assert.deepEqual(grown(around('192.168.9', 0), terrain), ['192.168.9.0/24'], 'a network of nobody’s')
})

const address4 = fc
	.tuple(
		fc.constantFrom('52.1.2', '52.1.3', '10.0.0', '192.168.7', '169.254.169'),
		fc.integer({ min: 0, max: 255 })
	)
	.map(([network, host]) => `${network}.${host}`)
const address6 = fc
	.tuple(fc.constantFrom('2001:db8', '2001:db8:0:1', 'fd00:ec2'), fc.integer({ min: 1, max: 0xffff }))
	.map(([network, host]) => `${network}::${host.toString(16)}`)
const needs = fc
	.uniqueArray(fc.oneof(address4, address6), { maxLength: 60 })
	.chain((addresses) =>
		fc.tuple(...addresses.map((one) => fc.integer({ min: 0, max: 99 }).map((hour) => once(one, hour))))
	)

test('every address is in exactly one network, none covers a wall, and order does not matter', () => {
	const walls = ['169.254.169.254', 'fd00:ec2::254', '192.168.7.20']
	const terrain = terrainOf([item('Node', '', 'n', { addresses: ['192.168.7.20'] })])
	fc.assert(
		fc.property(needs, fc.infiniteStream(fc.double({ min: 0, max: 1, noNaN: true })), (all, order) => {
			const blocks = generaliseAddresses(all, terrain, GROWTH)
			for (const one of all) {
				const covering = blocks.filter(({ cidr }) => isIn(one.address, cidr))
				assert.equal(covering.length, 1)
				assert.ok(covering[0]?.members.includes(one))
			}
			for (const wall of walls) {
				const over = blocks.filter(({ cidr, members }) => members.length > 1 && isIn(wall, cidr))
				assert.deepEqual(cidrs(over), [])
			}
			const shuffled = all
				.map((one) => ({ one, at: order.next().value }))
				.sort((a, b) => a.at - b.at)
				.map(({ one }) => one)
			assert.deepEqual(generaliseAddresses(shuffled, terrain, GROWTH), blocks)
		})
	)
})

test('keys keep the order of addresses, and networks have the ends that ipaddr.js gives them', () => {
	fc.assert(
		fc.property(fc.ipV4(), fc.ipV4(), fc.integer({ min: 0, max: 32 }), (a, b, length) => {
			const key = addressKey(a) ?? ''
			const other = addressKey(b) ?? ''
			assert.equal(cidrOf(key, length), `${ipaddr.IPv4.networkAddressFromCIDR(`${a}/${length}`)}/${length}`)
			const [first, last] = networkEnds(key, length)
			assert.equal(other >= first && other <= last, isIn(b, `${a}/${length}`))
			assert.equal(sharedBits(key, other) >= length, isIn(b, `${a}/${length}`))
		})
	)
	fc.assert(
		fc.property(fc.ipV6(), fc.ipV6(), fc.integer({ min: 0, max: 128 }), (a, b, length) => {
			const key = addressKey(a) ?? ''
			const other = addressKey(b) ?? ''
			const [first, last] = networkEnds(key, length)
			assert.equal(other >= first && other <= last, isIn(b, `${a}/${length}`))
			assert.equal(sharedBits(key, other) >= length, isIn(b, `${a}/${length}`))
		})
	)
	assert.equal(addressKey('1'), null)
	assert.equal(addressKey('example.com'), null)
})

function isIn(address: string, cidr: string): boolean {
	const [network, bits] = ipaddr.parseCIDR(cidr)
	const parsed = ipaddr.parse(address)
	return parsed.kind() === network.kind() && parsed.match(network, bits)
}
