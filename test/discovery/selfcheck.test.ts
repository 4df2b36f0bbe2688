import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Class, Verb } from '../../collector/observation.js'
import { policyOf } from '../../discovery/digest.js'
import { kubearmor } from '../../discovery/languages/kubearmor/kubearmor.js'
import type { Language, Manifest } from '../../discovery/languages/language.js'
import type { Rule } from '../../discovery/policy.js'
import { renderWorkload } from '../../discovery/selfcheck.js'
import { pod, replicaSet } from './sighted.js'

const context = { inventory: [replicaSet('shop', 'web'), pod('shop', 'web', '10.0.0.1')] }

/** KubeArmor's language with a renderer that errs: what the checks are there to catch. */
function erring(change: (spec: Record<string, unknown>) => void): Language {
	return {
		...kubearmor,
		render(policies, where) {
			const rendering = kubearmor.render([...policies], where)
			return { ...rendering, manifests: rendering.manifests.map((manifest) => changed(manifest, change)) }
		}
	}
}

function changed(manifest: Manifest, change: (spec: Record<string, unknown>) => void): Manifest {
	const object = structuredClone(manifest.object)
	change(object.spec as Record<string, unknown>)
	return { ...manifest, object }
}

const process = policyOf({
	workload: 'east/shop/Deployment/web/web',
	class: 'process',
	rules: [allow('exec', '/usr/sbin/nginx')]
})

test('a manifest that denies what was learned is not written', () => {
	const language = erring((spec) => {
		spec.process = { matchPaths: [{ path: '/usr/sbin/nginy' }] }
	})
	const { manifests, notes } = renderWorkload([process], language, context)
	assert.equal(manifests.length, 0)
	assert.match(
		notes.find((note) => note.code === 'selfcheck.need')?.text ?? '',
		/would deny exec \/usr\/sbin\/nginx/
	)
})

test('a manifest that allows a canary is not written: all of /usr/ includes a shell (DE 1, 687)', () => {
	const language = erring((spec) => {
		spec.process = { matchDirectories: [{ dir: '/usr/', recursive: true }] }
	})
	const { manifests, notes } = renderWorkload([process], language, context)
	assert.equal(manifests.length, 0)
	assert.match(
		notes.find((note) => note.code === 'selfcheck.canary')?.text ?? '',
		/would not deny exec \/usr\/bin\/sh/
	)
})

test('a manifest that only audits holds nothing and is not written', () => {
	const language = erring((spec) => {
		spec.action = 'Audit'
	})
	const { notes } = renderWorkload([process], language, context)
	assert.ok(notes.some((note) => note.code === 'selfcheck.canary'))
})

test('a manifest that the API server would not take as it stands is not written', () => {
	const language = erring((spec) => {
		spec.proces = {}
	})
	const { manifests, notes } = renderWorkload([process], language, context)
	assert.equal(manifests.length, 0)
	assert.match(notes.find((note) => note.code === 'kubearmor.schema')?.text ?? '', /proces/)
})

test('every canary of design §4 is denied unless it was needed', () => {
	const nginx = '/usr/sbin/nginx'
	const policies = (more: Record<string, Rule[]>) =>
		(['process', 'file-read', 'file-write'] as Class[]).map((of) =>
			policyOf({
				workload: 'east/shop/Deployment/web/web',
				class: of,
				rules: [
					...(of === 'process' ? [allow('exec', nginx)] : []),
					...(of === 'file-read' ? [allow('read', nginx)] : []),
					...(more[of] ?? [])
				]
			})
		)
	const plain = renderWorkload(policies({}), kubearmor, context)
	assert.deepEqual(
		plain.notes.filter((note) => note.severity === 'refusal'),
		[]
	)
	const shell = renderWorkload(
		policies({
			process: [allow('exec', '/usr/bin/dash')],
			'file-read': [allow('read', '/usr/bin/dash'), allow('read', '/etc/shadow')],
			'file-write': [allow('write', nginx)]
		}),
		kubearmor,
		context
	)
	assert.equal(shell.manifests.length, 2)
})

test('what the language cannot tell apart is said instead', () => {
	const network = policyOf({
		workload: 'east/shop/Deployment/web',
		class: 'network',
		rules: [allow('connect', 'egress/tcp/443/cidr:203.0.113.1/32')]
	})
	const { manifests, notes } = renderWorkload([network], kubearmor, context)
	assert.equal(manifests.length, 1)
	assert.ok(notes.some((note) => note.code === 'selfcheck.blind' && note.text.includes('169.254.169.254')))
})

test('classes that a language does not carry are none of its business', () => {
	const { manifests, notes } = renderWorkload([process], { ...kubearmor, classes: ['network'] }, context)
	assert.deepEqual([manifests, notes], [[], []])
})

function allow(verb: Verb, object: string): Rule {
	return { effect: 'allow', object, access: [verb], sources: [] }
}
