import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { eventDecoder } from '../../../web/ui/api/sse.js'
import { tokenIn } from '../../../web/ui/api/token.js'

describe('eventDecoder', () => {
	it('reads what the service writes, however it is cut into pieces', () => {
		const events = [
			{ id: 'e-1', name: 'changed' as const, data: { tables: ['gaps', 'workloads'], atMs: 5 } },
			{ id: 'e-2', name: 'resync' as const, data: { tables: [], atMs: 6 } }
		]
		const whole = `retry: 2000\n\n: still here\n\n${events.map(written).join(': still here\n\n')}`
		fc.assert(
			fc.property(fc.array(fc.nat(whole.length)), (cuts) => {
				const decode = eventDecoder()
				const places = [0, ...cuts.sort((a, b) => a - b), whole.length]
				const read = places.slice(1).flatMap((end, index) => decode(whole.slice(places[index], end)))
				assert.deepEqual(
					read.map((event) => [event.id, event.event, JSON.parse(event.data)]),
					events.map((event) => [event.id, event.name, event.data])
				)
			})
		)
	})

	it('takes CR and CRLF as ends of lines, and joins lines of data', () => {
		assert.deepEqual(eventDecoder()('data: a\r\ndata:b\r\n\r\nevent: x\rdata: c\r\r'), [
			{ event: 'message', data: 'a\nb', id: null }
		])
		const decode = eventDecoder()
		assert.deepEqual(decode('data: c\r'), [])
		assert.deepEqual(decode('\r'), [])
		assert.deepEqual(decode(':'), [{ event: 'message', data: 'c', id: null }])
	})
})

describe('tokenIn', () => {
	it('finds the token in a whole address or alone', () => {
		assert.equal(tokenIn(' http://127.0.0.1:7878/?token=login_a-B_9 '), 'login_a-B_9')
		assert.equal(tokenIn('login_a-B_9\n'), 'login_a-B_9')
	})

	it('finds none in anything else', () => {
		for (const pasted of ['', 'http://127.0.0.1:7878/', 'two words', '/?token=%zz'])
			assert.equal(tokenIn(pasted), null)
	})
})

/** As the service writes an event. */
function written(event: { id: string; name: string; data: unknown }): string {
	return `id: ${event.id}\nevent: ${event.name}\ndata: ${JSON.stringify(event.data)}\n\n`
}
