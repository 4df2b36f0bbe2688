import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { readManifests } from '../../discovery/languages/read.js'

const policy = `apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: web
  namespace: shop
spec:
  podSelector: {matchLabels: {app: web}}
  policyTypes: [Egress]
  egress: [{ports: [{port: 443}]}]
`

test('several documents, lists, JSON, and what a cluster adds', () => {
	const fromCluster = JSON.stringify({
		apiVersion: 'v1',
		kind: 'List',
		items: [
			{
				apiVersion: 'networking.k8s.io/v1',
				kind: 'NetworkPolicy',
				metadata: { name: 'api.v2', namespace: 'shop', uid: 'u', resourceVersion: '7', managedFields: [] },
				spec: { podSelector: {}, policyTypes: ['Egress'], egress: [{}] },
				status: {}
			}
		]
	})
	const { objects, refusals } = readManifests(`${policy}---\n# nothing\n---\n${fromCluster}\n`)
	assert.deepEqual(refusals, [])
	assert.deepEqual(
		objects.map((one) => one.metadata),
		[
			{ name: 'web', namespace: 'shop' },
			{ name: 'api.v2', namespace: 'shop' }
		]
	)
})

test('what cannot be used is refused with its place', () => {
	const cases: [text: string, said: RegExp][] = [
		['a: [1\nb', /^Line 2, column \d+: /],
		['', /There is no object of a kind that is judged here \(KubeArmorPolicy, /],
		['- 1', /Document 1 is no object/],
		['kind: Deployment\n', /There is no object of a kind/],
		['kind: NetworkPolicy', /Document 1 \(NetworkPolicy\) needs a metadata\.name and a spec/],
		[
			policy.replace('egress:', 'egres:'),
			/Document 1 \(NetworkPolicy web\): \/spec must NOT have additional properties: egres/
		],
		[
			policy.replace('networking.k8s.io/v1', 'extensions/v1beta1'),
			/not a NetworkPolicy of networking\.k8s\.io\/v1/
		],
		[
			`${policy}---\n${policy.replace('[Egress]', '7')}`,
			/Document 2 \(NetworkPolicy web\): \/spec\/policyTypes/
		],
		['a: &a [1]\nb: *a\n', /alias/i],
		[`${'['.repeat(200)}${']'.repeat(200)}`, /depth|nest/i]
	]
	for (const [text, said] of cases) {
		const { refusals } = readManifests(text)
		assert.match(refusals[0]?.text ?? '', said, text)
	}
})

test('a bomb of aliases is refused at its first alias', () => {
	const lines = ['a0: &a0 [x, x]']
	for (let i = 1; i < 40; i++) lines.push(`a${i}: &a${i} [*a${i - 1}, *a${i - 1}]`)
	assert.equal(readManifests(lines.join('\n')).refusals.length, 1)
})

test('rules that do less than they seem to are tried, with a warning', () => {
	const kubearmor = {
		apiVersion: 'security.kubearmor.com/v1',
		kind: 'KubeArmorPolicy',
		metadata: { name: 'x', namespace: 'shop' },
		spec: { selector: {}, file: { matchPatterns: [{ pattern: '/etc/*' }] }, action: 'Block' }
	}
	const { objects, refusals, warnings } = readManifests(JSON.stringify(kubearmor))
	assert.deepEqual([objects.length, refusals], [1, []])
	assert.match(warnings[0]?.text ?? '', /Document 1 \(KubeArmorPolicy x\): Patterns in file are ignored/)
})

test('objects of other kinds are passed over out loud', () => {
	const { objects, warnings } = readManifests(`${policy}---\nkind: ConfigMap\n`)
	assert.equal(objects.length, 1)
	assert.match(warnings[0]?.text ?? '', /Document 2 is a ConfigMap, which is passed over/)
})

test('any text has an answer', () => {
	const pieces = fc.constantFrom(
		policy,
		'---\n',
		'kind: ',
		'metadata:\n',
		'&a ',
		'*a',
		'{',
		'}',
		'[',
		'"',
		'\0',
		'__proto__: {a: 1}\n',
		'<<: {}\n',
		'!!js/function x\n'
	)
	fc.assert(
		fc.property(fc.array(fc.oneof(pieces, fc.string({ maxLength: 8 })), { maxLength: 12 }), (parts) => {
			const { objects, refusals } = readManifests(parts.join(''))
			assert.ok(objects.length > 0 || refusals.length > 0)
		}),
		{ numRuns: 300 }
	)
})
