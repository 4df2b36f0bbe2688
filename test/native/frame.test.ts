import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { decodeDrain, encodeDrain } from '../../native/drain.js'
import { decodeTexts, encodeFrame, encodeTexts, frameReader } from '../../native/frame.js'
import { decodePolicy, encodePolicy, parseCidr, toPermissions } from '../../native/hold.js'
import { decodeLaunch, encodeLaunch } from '../../native/launch.js'

test('frames come out as they went in, however the stream is cut', () => {
	fc.assert(
		fc.property(
			fc.array(fc.tuple(fc.integer({ min: 0, max: 255 }), fc.uint8Array({ maxLength: 300 })), {
				maxLength: 8
			}),
			fc.infiniteStream(fc.integer({ min: 1, max: 50 })),
			(frames, cuts) => {
				const bytes = Buffer.concat(frames.map(([type, payload]) => encodeFrame(type, payload)))
				const read = frameReader()
				const got: [number, string][] = []
				let at = 0
				for (const cut of cuts) {
					if (at >= bytes.length) break
					for (const frame of read(bytes.subarray(at, at + cut)))
						got.push([frame.type, frame.payload.toString('hex')])
					at += cut
				}
				assert.deepEqual(
					got,
					frames.map(([type, payload]) => [type, Buffer.from(payload).toString('hex')])
				)
			}
		)
	)
})

test('a peer that does not speak our messages is refused at its first header', () => {
	assert.throws(() => frameReader()(Buffer.from('GET / HTTP/1.1\r\n')), /does not speak/)
	const long = encodeFrame(1, Buffer.alloc(64))
	assert.throws(() => frameReader(16)(long), /does not speak/)
})

test('texts are read back, and a length that runs past the end is refused', () => {
	fc.assert(
		fc.property(fc.array(fc.string({ unit: 'grapheme' })), (texts) => {
			assert.deepEqual(decodeTexts(encodeTexts(texts), 0).texts, texts)
		})
	)
	const bytes = encodeTexts(['whittle'])
	bytes.writeUInt32LE(9999, 2)
	assert.throws(() => decodeTexts(bytes, 0), RangeError)
})

test('launch requests are checked where they are read', () => {
	const request = {
		name: 'nginx',
		argv: ['nginx', '-g', 'daemon off;'],
		environment: ['PATH=/bin'],
		folder: '/'
	}
	assert.deepEqual(decodeLaunch(encodeLaunch(request)), request)
	const refused = (change: Partial<typeof request>): void => {
		assert.throws(() => decodeLaunch(encodeLaunch({ ...request, ...change })), RangeError)
	}
	refused({ name: '../../system.slice' })
	refused({ name: '' })
	refused({ name: 'UPPER' })
	refused({ argv: [] })
	refused({ folder: 'relative' })
	refused({ argv: ['a\0b'] })
})

test('addresses take their 128-bit form, with host bits cleared', () => {
	const hex = (cidr: string): string => {
		const { address, prefixBits } = parseCidr(cidr)
		return `${address.toString('hex')}/${prefixBits}`
	}
	assert.equal(hex('10.1.2.3/8'), '00000000000000000000ffff0a000000/104')
	assert.equal(hex('0.0.0.0/0'), '00000000000000000000ffff00000000/96')
	assert.equal(hex('::/0'), '00000000000000000000000000000000/0')
	assert.equal(hex('2001:db8::1/128'), '20010db8000000000000000000000001/128')
	assert.equal(hex('fe80::/10'), 'fe800000000000000000000000000000/10')
	assert.equal(hex('::ffff:192.0.2.1/128'), '00000000000000000000ffffc0000201/128')
	for (const wrong of ['10.0.0.0', '10.0.0.0/33', 'nonsense/8', '::/129', '/8', '10.0.0.0/-1']) {
		assert.throws(() => parseCidr(wrong), RangeError, wrong)
	}
})

test('a policy becomes permissions: ranges, any port, any protocol, and ingress without addresses', () => {
	const policy = decodePolicy(
		encodePolicy({
			cgroup: '/system.slice/nginx.service',
			digest: 'sha256:00',
			mode: 'block',
			rules: [
				{ direction: 'egress', protocol: 'tcp', portFrom: 443, portTo: 444, cidr: '192.0.2.0/24' },
				{ direction: 'egress', protocol: 'any', portFrom: 0, portTo: 65535, cidr: '::/0' },
				{ direction: 'ingress', protocol: 'tcp', portFrom: 80, portTo: 80, cidr: '192.0.2.7/32' }
			]
		}),
		0
	)
	assert.deepEqual(
		[policy.cgroup, policy.digest, policy.mode],
		['/system.slice/nginx.service', 'sha256:00', 2]
	)
	const bytes = toPermissions(policy.rules)
	const rows = Array.from({ length: bytes.length / 24 }, (_, index) => {
		const row = bytes.subarray(index * 24, index * 24 + 24)
		return `${row.readUInt8(1)} ${row.readUInt8(2)} ${row.readUInt16LE(4)} ${row.subarray(8).toString('hex')}/${row.readUInt8(0)}`
	})
	const network = '00000000000000000000ffffc0000200/120'
	const anywhere = `${'0'.repeat(32)}/0`
	assert.deepEqual(rows, [
		`0 6 443 ${network}`,
		`0 6 444 ${network}`,
		`0 6 0 ${anywhere}`,
		`0 17 0 ${anywhere}`,
		`1 6 80 ${anywhere}`
	])
	assert.throws(
		() =>
			toPermissions([
				{ direction: 0, protocol: 6, prefixBits: 0, portFrom: 1000, portTo: 30000, address: Buffer.alloc(16) }
			]),
		RangeError
	)
})

test('a drain is read back, and one that is cut short is refused', () => {
	const drain = {
		epoch: 1_790_000_000_000,
		sequence: 7,
		fromBootNs: 12n,
		toBootNs: 2n ** 60n,
		wallMs: 1_790_000_000_123.5,
		counters: Buffer.from('counters'),
		others: Buffer.alloc(0),
		firstSights: Buffer.from('first'),
		denials: Buffer.from('d'),
		losses: [0n, 2n ** 63n],
		remainders: [{ operation: 10, result: 0, count: 3n }],
		held: [{ slot: 0, generation: 1, cgroup: '/a', digest: 'sha256:00', lostDenialCount: 0 }]
	}
	const bytes = Buffer.concat(encodeDrain(drain))
	assert.deepEqual(decodeDrain(bytes), drain)
	assert.throws(() => decodeDrain(bytes.subarray(0, bytes.length - 20)), RangeError)
})
