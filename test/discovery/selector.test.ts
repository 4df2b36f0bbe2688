import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { InventoryItem } from '../../collector/observation.js'
import { arrangeInventory } from '../../discovery/inventory.js'
import { selectorOf } from '../../discovery/selector.js'
import { parseWorkloadName } from '../../discovery/workload.js'
import { item, pod } from './sighted.js'

const labels = (values: Record<string, string>) => ({ labels: values })

test('the fewest labels that select all its pods and no stranger, without those of a rollout', () => {
	const web = { 'pod-template-hash': 'x', 'helm.sh/chart': 'a-1', app: 'shop', component: 'web', zz: '1' }
	const result = select([
		pod('shop', 'web', '10.0.0.1', { ...labels(web), owner: { kind: 'Deployment', name: 'web' } }),
		pod('shop', 'web', '10.0.0.2', {
			...labels({ ...web, extra: '1' }),
			owner: { kind: 'Deployment', name: 'web' }
		}),
		pod('shop', 'api', '10.0.0.3', { ...labels({ app: 'shop', component: 'api', zz: '1' }), owner: null }),
		pod('other', 'web', '10.0.0.4', labels({ component: 'web' }))
	])
	assert.deepEqual(result, { labels: { component: 'web' }, strangers: [] })
})

test('two labels where one does not suffice, and strangers named where nothing does', () => {
	const own = { owner: { kind: 'Deployment', name: 'web' } }
	const a = pod('shop', 'web', '10.0.0.1', { ...own, ...labels({ app: 'x', tier: 'front' }) })
	const one = pod('shop', 'b', '10.0.0.2', labels({ app: 'x', tier: 'back' }))
	const other = pod('shop', 'c', '10.0.0.3', labels({ app: 'y', tier: 'front' }))
	assert.deepEqual(select([a, one, other]).labels, { app: 'x', tier: 'front' })
	const twin = pod('shop', 'd', '10.0.0.4', labels({ app: 'x', tier: 'front', more: '1' }))
	assert.deepEqual(select([a, one, other, twin]), {
		labels: { app: 'x', tier: 'front' },
		strangers: [twin.name]
	})
})

test('what the owner itself selects by comes first, since it never changes', () => {
	const own = { owner: { kind: 'Deployment', name: 'web' } }
	const deployment = item('Deployment', 'shop', 'web', { selector: { release: 'r', tier: 'front' } })
	const a = pod('shop', 'web', '10.0.0.1', { ...own, ...labels({ app: 'x', release: 'r', tier: 'front' }) })
	assert.deepEqual(select([a, deployment]).labels, { release: 'r', tier: 'front' })
})

test('no pods, no labels', () => {
	assert.deepEqual(select([]), { labels: {}, strangers: [] })
})

test('names of workloads, with and without a cluster or container', () => {
	assert.deepEqual(parseWorkloadName('host/n1/system.slice/nginx.service'), {
		form: 'host',
		node: 'n1',
		unit: 'system.slice/nginx.service'
	})
	const web = {
		form: 'container',
		cluster: '',
		namespace: 'shop',
		kind: 'Deployment',
		name: 'web',
		container: ''
	}
	assert.deepEqual(parseWorkloadName('shop/Deployment/web'), web)
	assert.deepEqual(parseWorkloadName('shop/Deployment/web/c'), { ...web, container: 'c' })
	assert.deepEqual(parseWorkloadName('east/shop/Deployment/web'), { ...web, cluster: 'east' })
	assert.deepEqual(parseWorkloadName('East/shop/Deployment/web/c'), {
		...web,
		cluster: 'East',
		container: 'c'
	})
	for (const bad of ['', 'shop', 'shop/web', 'a/b/c/d', 'a/b/Deployment/d/e/f', 'host/n1']) {
		assert.equal(parseWorkloadName(bad), null, bad)
	}
})

function select(items: InventoryItem[]) {
	return selectorOf('east/shop/Deployment/web/web', arrangeInventory(items))
}
