import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { InventoryItem } from '../../../../collector/observation.js'
import { generaliseNetwork } from '../../../../discovery/learn/network/network.js'
import { item, pod, replicaSet } from '../../sighted.js'
import { facts, need } from './needs.js'

const kubeDns = item('Service', 'kube-system', 'kube-dns', {
	addresses: ['10.96.0.10'],
	selector: { 'k8s-app': 'kube-dns' }
})
const apiServer = [
	item('Service', 'default', 'kubernetes', {
		addresses: ['10.96.0.1'],
		ports: [{ name: 'https', port: 443, targetPort: 6443, protocol: 'TCP' }]
	}),
	item('EndpointSlice', 'default', 'kubernetes', { addresses: ['192.168.0.9', '192.168.0.1'] }),
	item('Node', '', 'node-a', { addresses: ['192.168.0.1'] })
]
const web = (more: Partial<InventoryItem> = {}) => [
	replicaSet('shop', 'web'),
	pod('shop', 'web', '10.0.0.1', more)
]
const out = need('connect', 'egress/tcp/443/cidr:203.0.113.1/32')
const into = need('accept', 'ingress/tcp/80/workload:east/shop/Deployment/front')

function implied(needs: ReturnType<typeof need>[], inventory: InventoryItem[], readsToken = false): string[] {
	return generaliseNetwork(needs, facts({ inventory, readsToken }))
		.rules.filter(({ origin }) => origin !== 'observed')
		.map(({ origin, object }) => `${origin} ${object}`)
}

test('DNS is required by names, inferred for whoever speaks to others, and never closes a direction', () => {
	const inventory = [...web(), kubeDns]
	assert.deepEqual(implied([out], inventory), ['inferred egress/udp/53/service:kube-system/kube-dns'])
	assert.deepEqual(implied([out, need('resolve', 'a.example.com')], inventory), [
		'required egress/udp/53/service:kube-system/kube-dns'
	])
	assert.deepEqual(implied([into], inventory), [], 'egress was never seen, so it is open')
	assert.deepEqual(implied([need('connect', 'egress/unix/0//run/x')], inventory), [])
	assert.deepEqual(implied([out], web()), [], 'nobody is known to answer')
	const local = item('DaemonSet', 'kube-system', 'node-local-dns')
	assert.deepEqual(implied([out], [...inventory, local]), [
		'inferred egress/udp/53/cidr:169.254.20.10/32',
		'inferred egress/udp/53/service:kube-system/kube-dns'
	])
})

test('what was seen already is only explained', () => {
	const seen = need('connect', 'egress/udp/53/service:kube-system/kube-dns')
	const { rules } = generaliseNetwork(
		[seen, need('resolve', 'a.example.com')],
		facts({ inventory: [...web(), kubeDns] })
	)
	const rule = rules.find(({ object }) => object.includes('kube-dns'))
	assert.equal(rule?.origin, 'observed')
	assert.match(rule?.why ?? '', /Exactly what was seen\. It asks for names/)
	assert.deepEqual(rule?.access, ['connect'])
})

test('the API server for who reads its token; probes from any node; a service that is open to the outside', () => {
	assert.deepEqual(implied([out], [...web(), ...apiServer], true), [
		'inferred egress/tcp/443/service:default/kubernetes'
	])
	assert.deepEqual(implied([out], [...web(), ...apiServer]), [])
	const container = { name: 'web', image: '', id: '', init: false, ephemeral: false, probePorts: [8081] }
	const door = (serviceType: 'LoadBalancer' | 'ClusterIP') =>
		item('Service', 'shop', 'web', {
			serviceType,
			selector: { app: 'web' },
			ports: [{ name: '', port: 443, targetPort: 8443, protocol: 'TCP' }]
		})
	const probed = web({ containers: [container] })
	assert.deepEqual(implied([into], [...probed, door('LoadBalancer')]), [
		'required ingress/tcp/8081/node:*',
		'inferred ingress/tcp/8443/any'
	])
	assert.deepEqual(implied([into], [...probed, door('ClusterIP')]), ['required ingress/tcp/8081/node:*'])
	assert.deepEqual(implied([out], probed), [], 'ingress was never seen, so it is open')
})

test('scrapes where the pods ask for them, and the API server’s calls to a webhook', () => {
	const annotations = { 'prometheus.io/scrape': 'true', 'prometheus.io/port': '9102' }
	const prometheus = pod('monitoring', 'prometheus', '10.0.5.1')
	assert.deepEqual(implied([into], [...web({ annotations }), prometheus]), [
		'inferred ingress/tcp/9102/workload:east/monitoring/Deployment/prometheus'
	])
	assert.deepEqual(implied([into], web({ annotations })), [], 'nobody is known to scrape')
	const hook = item('Service', 'shop', 'web-webhook', {
		selector: { app: 'web' },
		ports: [{ name: '', port: 443, targetPort: 9443, protocol: 'TCP' }]
	})
	assert.deepEqual(implied([into], [...web(), ...apiServer, hook]), [
		'inferred ingress/tcp/9443/cidr:192.168.0.9/32',
		'inferred ingress/tcp/9443/node:node-a'
	])
})
