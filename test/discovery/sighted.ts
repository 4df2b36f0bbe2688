import type { InventoryItem, Verb } from '../../collector/observation.js'
import { classOfVerb } from '../../collector/observation.js'
import type { Sighted } from '../../discovery/learn/exact.js'

export const DAY = 20_000
export const DAY_MS = DAY * 86_400_000
export const HOUR_MS = 3_600_000

/** An allowed observation in the first hour of day 20 000, with what the test says otherwise. */
export function sighted(verb: Verb, object: string, more: Partial<Sighted> = {}): Sighted {
	return {
		class: classOfVerb[verb],
		verb,
		object,
		raw: object,
		source: '/usr/sbin/nginx',
		result: 'allowed',
		version: 'v1',
		day: DAY,
		hours: 1,
		pods: ['front-1'],
		count: 1,
		firstMs: DAY_MS,
		lastMs: DAY_MS + 1000,
		required: false,
		interactive: false,
		detail: '',
		...more
	}
}

/** An item of the cluster `east` that lives since day 20 000, with what the test says otherwise. */
export function item(
	kind: InventoryItem['kind'],
	namespace: string,
	name: string,
	more: Partial<InventoryItem> = {}
): InventoryItem {
	return {
		cluster: 'east',
		kind,
		namespace,
		name,
		uid: `${namespace}-${name}`,
		fromMs: DAY_MS,
		toMs: null,
		labels: {},
		addresses: [],
		owner: null,
		node: '',
		hostNetwork: false,
		containers: [],
		selector: null,
		ports: [],
		schedule: null,
		...more
	}
}

/** A pod of a Deployment, through its ReplicaSet; the Deployment's name is its label `app`. */
export function pod(
	namespace: string,
	deployment: string,
	address: string,
	more: Partial<InventoryItem> = {}
): InventoryItem {
	return item('Pod', namespace, `${deployment}-${address.replace(/[^0-9a-z]/g, '-')}`, {
		labels: { app: deployment, 'pod-template-hash': '5d4' },
		addresses: [address],
		owner: { kind: 'ReplicaSet', name: `${deployment}-5d4` },
		node: 'node-a',
		containers: [{ name: deployment, image: '', id: '', init: false, ephemeral: false }],
		...more
	})
}

/** The ReplicaSet between a Deployment and its pods. */
export function replicaSet(namespace: string, deployment: string): InventoryItem {
	return item('ReplicaSet', namespace, `${deployment}-5d4`, {
		owner: { kind: 'Deployment', name: deployment }
	})
}
