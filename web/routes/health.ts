import type { FastifyInstance } from 'fastify'
import { Counter, Gauge, Histogram, Registry } from 'prom-client'
import type { z } from 'zod'
import type { Status } from '../operations/shape.js'

export interface HealthRoutes {
	/** Throws when the store cannot be read. Cheap, because anybody may ask. */
	checkStore(): void
	status(): Promise<z.output<typeof Status>>
	listenerCount(): number
}

/**
 * `/livez` and `/readyz` are public, for supervisors, and say nothing but yes or no. `/metrics`
 * tells what runs here, so it needs the key like everything else. No label holds a name, a path or
 * an address: their number is bounded by this file.
 */
export function healthRoutes(app: FastifyInstance, options: HealthRoutes): void {
	const { registry, requests, seconds, update } = createMetrics(options)
	app.addHook('onResponse', async (request, reply) => {
		// The pattern of the route, never the path that was asked for.
		const route = request.routeOptions.url ?? 'unknown'
		requests.inc({
			method: methodOf(request.method),
			route,
			status: `${Math.floor(reply.statusCode / 100)}xx`
		})
		seconds.observe({ route }, reply.elapsedTime / 1000)
	})
	app.get('/livez', { config: { access: 'public' }, schema: { hide: true } }, async (_, reply) =>
		reply.type('text/plain').send('ok\n')
	)
	app.get('/readyz', { config: { access: 'public' }, schema: { hide: true } }, async (request, reply) => {
		try {
			options.checkStore()
			return reply.type('text/plain').send('ready\n')
		} catch (error) {
			request.log.error(error, 'the store cannot be read')
			return reply.code(503).type('text/plain').send('not ready\n')
		}
	})
	app.get('/metrics', { schema: { hide: true } }, async (_, reply) => {
		update(await options.status())
		return reply.type(registry.contentType).send(await registry.metrics())
	})
}

function createMetrics(options: HealthRoutes) {
	const registry = new Registry()
	const registers = [registry]
	const gauge = (name: string, help: string) => new Gauge({ name: `whittle_${name}`, help, registers })
	const requests = new Counter({
		name: 'whittle_http_requests_total',
		help: 'Requests answered.',
		labelNames: ['method', 'route', 'status'],
		registers
	})
	const seconds = new Histogram({
		name: 'whittle_http_request_seconds',
		help: 'Time to answer.',
		labelNames: ['route'],
		buckets: [0.005, 0.02, 0.1, 0.5, 2, 10],
		registers
	})
	const states = new Gauge({
		name: 'whittle_classes',
		help: 'Classes of workloads in each state.',
		labelNames: ['state'],
		registers
	})
	const workloads = gauge('workloads', 'Workloads seen.')
	const violations = gauge('violations', 'Accesses blocked, or that would have been, in the store.')
	const gaps = gauge('gaps', 'Intervals in which a source was blind, in the store.')
	const lost = gauge('events_lost', 'Events known to be lost, in the store.')
	const bad = gauge('bad_inputs', 'Lines that could not be used, in the store.')
	const bytes = gauge('store_bytes', 'Size of the store.')
	const lastSeen = gauge('last_seen_timestamp_seconds', 'When anything was seen last.')
	const sources = gauge('sources_running', 'Sources that run.')
	new Gauge({
		name: 'whittle_event_listeners',
		help: 'Pages that listen to events.',
		registers,
		collect() {
			this.set(options.listenerCount())
		}
	})
	function update(status: z.output<typeof Status>): void {
		for (const [state, count] of Object.entries(status.states)) states.set({ state }, count)
		workloads.set(status.workloadCount)
		violations.set(status.violationCount)
		gaps.set(status.gapCount)
		lost.set(status.lostCount)
		bad.set(status.badInputCount)
		bytes.set(status.storeBytes)
		lastSeen.set((status.lastSeenMs ?? 0) / 1000)
		sources.set(status.sources.filter((source) => source.state === 'running').length)
	}
	return { registry, requests, seconds, update }
}

/** Whoever speaks to the port chooses the method's text, so only known ones become labels. */
function methodOf(method: string): string {
	return ['GET', 'HEAD', 'POST', 'DELETE'].includes(method) ? method : 'other'
}
