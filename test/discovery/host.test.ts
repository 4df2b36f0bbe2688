import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Verb } from '../../collector/observation.js'
import { placeOf } from '../../discovery/access.js'
import { policyOf } from '../../discovery/digest.js'
import { host } from '../../discovery/languages/host/host.js'
import { toCgroupRules } from '../../discovery/languages/host/rules.js'
import type { Rule } from '../../discovery/policy.js'
import { renderWorkload } from '../../discovery/selfcheck.js'
import { item } from './sighted.js'

const WORKLOAD = 'host/n1/nginx.service'

test('what was connected and bound is listed; everything else of TCP and UDP is denied', () => {
	const { object } = rendered([
		allow('bind', 'ingress/tcp/80/any'),
		allow('bind', 'ingress/udp/0/cidr:127.0.0.1/32'),
		allow('accept', 'ingress/tcp/443/cidr:10.0.0.7/32'),
		allow('connect', 'egress/tcp/5432/cidr:10.0.0.9/32'),
		allow('send', 'egress/udp/53/cidr:2001:db8::53/128')
	])
	assert.deepEqual(toCgroupRules(object), [
		{ direction: 'egress', protocol: 'tcp', portFrom: 5432, portTo: 5432, cidr: '10.0.0.9/32' },
		{ direction: 'egress', protocol: 'udp', portFrom: 53, portTo: 53, cidr: '2001:db8::53/128' },
		{ direction: 'ingress', protocol: 'tcp', portFrom: 80, portTo: 80, cidr: '0.0.0.0/0' },
		{ direction: 'ingress', protocol: 'tcp', portFrom: 80, portTo: 80, cidr: '::/0' },
		{ direction: 'ingress', protocol: 'tcp', portFrom: 443, portTo: 443, cidr: '0.0.0.0/0' },
		{ direction: 'ingress', protocol: 'tcp', portFrom: 443, portTo: 443, cidr: '::/0' },
		{ direction: 'ingress', protocol: 'udp', portFrom: 0, portTo: 0, cidr: '127.0.0.1/32' }
	])
	const judge = (verb: Verb, text: string, workload = WORKLOAD) =>
		host.evaluate([object], { verb, object: text, source: '' }, placeOf(workload, [])).verdict
	assert.equal(judge('connect', 'egress/tcp/5432/10.0.0.9'), 'allow')
	assert.equal(judge('connect', 'egress/tcp/5433/10.0.0.9'), 'block')
	assert.equal(judge('send', 'egress/udp/5432/10.0.0.9'), 'block')
	assert.equal(judge('bind', 'ingress/tcp/8080/0.0.0.0'), 'block')
	assert.equal(judge('bind', 'ingress/tcp/80/0.0.0.0'), 'allow')
	assert.equal(judge('bind', 'ingress/udp/0/127.0.0.1'), 'allow', 'an ephemeral port that was bound')
	assert.equal(judge('accept', 'ingress/tcp/9/10.0.0.1'), 'allow', 'accept is not held')
	assert.equal(judge('connect', 'egress/unix/0//run/x'), 'allow', 'unix sockets are not held')
	assert.equal(judge('connect', 'egress/tcp/1/10.0.0.1', 'host/n1/other.service'), 'allow')
})

test('peers of a cluster are held by their addresses of now; without any the policy is refused', () => {
	const service = item('Service', 'shop', 'api', { cluster: 'default', addresses: ['10.96.0.7'] })
	const rules = [allow('connect', 'egress/tcp/80/service:shop/api')]
	const { manifests } = renderWorkload([policy(rules)], host, { inventory: [service] })
	assert.equal(toCgroupRules(manifests[0]?.object ?? {})[0]?.cidr, '10.96.0.7/32')
	const gone = renderWorkload([policy(rules)], host, { inventory: [] })
	assert.deepEqual([gone.manifests.length, gone.notes[0]?.severity], [0, 'refusal'])
})

test('an empty list is refused, and so are containers', () => {
	const unix = renderWorkload([policy([allow('connect', 'egress/unix/0//run/x')])], host, { inventory: [] })
	assert.deepEqual(
		unix.notes.map((note) => note.code),
		['host.unix', 'host.empty']
	)
	const pod = policyOf({
		workload: 'east/shop/Deployment/web',
		class: 'network',
		rules: [allow('connect', 'egress/tcp/1/any')]
	})
	assert.equal(renderWorkload([pod], host, { inventory: [] }).manifests.length, 0)
})

test('strict: ranges, networks and unknown fields are checked', () => {
	const { object } = rendered([allow('connect', 'egress/tcp/1/any')])
	const broken = (rule: Record<string, unknown>) => {
		const spec = object.spec as Record<string, unknown>
		const network = {
			default: 'deny',
			allow: [{ direction: 'egress', protocol: 'tcp', cidr: '10.0.0.0/8', ...rule }]
		}
		return host.validate({ ...object, spec: { ...spec, network } }).length
	}
	assert.equal(broken({ port: 1 }), 0)
	assert.equal(broken({ portFrom: 1, portTo: 9 }), 0)
	assert.ok(broken({ portFrom: 9, portTo: 1 }) > 0)
	assert.ok(broken({ port: 1, portTo: 9 }) > 0)
	assert.ok(broken({ port: 70_000 }) > 0)
	assert.ok(broken({ port: 1, cidr: '10.0.0.1/8' }) > 0)
	assert.ok(broken({ port: 1, allow: true }) > 0)
})

function rendered(rules: Rule[]) {
	const { manifests, notes } = renderWorkload([policy(rules)], host, { inventory: [] })
	const [manifest] = manifests
	assert.ok(manifest, notes.map((note) => note.text).join('\n'))
	return manifest
}

function policy(rules: Rule[]) {
	return policyOf({ workload: WORKLOAD, class: 'network', rules })
}

function allow(verb: Verb, object: string): Rule {
	return { effect: 'allow', object, access: [verb], sources: [] }
}
