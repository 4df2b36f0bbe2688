import assert from 'node:assert/strict'
import {
	mkdirSync,
	mkdtempSync,
	readdirSync,
	readFileSync,
	rmSync,
	symlinkSync,
	writeFileSync
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { policyOf } from '../../discovery/digest.js'
import type { Manifest } from '../../discovery/languages/language.js'
import type { Rule } from '../../discovery/policy.js'
import { renderEverywhere } from '../../enforcer/languages.js'
import { directoryTarget } from '../../enforcer/targets/directory/directory.js'
import { isSafePath, pathsOf, putText } from '../../enforcer/targets/directory/files.js'
import { readMarker, withMarker } from '../../enforcer/targets/directory/marker.js'
import type { TargetContext } from '../../enforcer/targets/target.js'
import { targetContract } from './target-contract.js'

const WORKLOAD = 'host/n1/nginx.service'
const context: TargetContext = {
	subject: {
		workloadId: 1,
		name: WORKLOAD,
		form: 'host',
		namespace: '',
		kind: '',
		owner: 'nginx.service',
		container: '',
		node: 'n1',
		cgroup: '/system.slice/nginx.service'
	},
	mode: 'block',
	inventory: [],
	neighbours: [],
	standing: { processes: [], ownPids: [], callerPid: null },
	policyAt: (_, digest) => [first, second].find((one) => one.digest === digest) ?? null
}
const first = policyOf({
	workload: WORKLOAD,
	class: 'network',
	rules: [rule('egress/tcp/5432/cidr:10.0.0.5/32')]
})
const second = policyOf({
	workload: WORKLOAD,
	class: 'network',
	rules: [rule('egress/tcp/443/cidr:10.0.0.9/32')]
})

targetContract('directory', async (t) => ({
	target: directoryTarget({ folder: temporaryFolder(t), render: renderEverywhere }),
	context,
	first,
	second
}))

test('files are NAMESPACE/NAME.yaml, whole, and nothing is left beside them', async (t) => {
	const folder = temporaryFolder(t)
	const target = directoryTarget({ folder, render: renderEverywhere })
	const outcome = await target.apply(await target.plan([first], context))
	assert.equal(outcome.state, 'applied', 'a file proves nothing')
	for (const namespace of readdirSync(folder)) {
		for (const file of readdirSync(join(folder, namespace))) {
			assert.ok(isSafePath(`${namespace}/${file}`), file)
			const text = readFileSync(join(folder, namespace, file), 'utf8')
			assert.ok(readMarker(text)?.untouched)
			assert.match(text, /10\.0\.0\.5\/32|tcp/)
		}
	}
})

test('audit only is refused: a manifest holds as soon as somebody applies it', async (t) => {
	const target = directoryTarget({ folder: temporaryFolder(t), render: renderEverywhere })
	const plan = await target.plan([first], { ...context, mode: 'audit' })
	assert.deepEqual(
		plan.refusals.map((note) => note.code),
		['directory.audit']
	)
})

test('a file of somebody else, an edited one and a link are left alone', async (t) => {
	const spoil: ((file: string) => void)[] = [
		(file) => writeFileSync(file, 'kind: Foreign\n'),
		(file) => writeFileSync(file, `${readFileSync(file, 'utf8')}# edited\n`),
		(file) => {
			rmSync(file)
			symlinkSync('/etc/hostname', file)
		}
	]
	for (const change of spoil) {
		const folder = temporaryFolder(t)
		const target = directoryTarget({ folder, render: renderEverywhere })
		const plan = await target.plan([first], context)
		await target.apply(plan)
		const file = join(folder, plan.actions[0]?.object ?? '')
		change(file)
		const spoiled = readFileSync(file, 'utf8')
		const again = await target.plan([second], context)
		assert.ok(again.refusals.some((note) => note.code === 'directory.foreign'))
		const outcome = await target.apply(again)
		assert.equal(outcome.state, 'failed')
		assert.equal(readFileSync(file, 'utf8'), spoiled)
		const reverted = await target.revert(plan)
		assert.equal(reverted.state, 'failed')
		assert.equal(readFileSync(file, 'utf8'), spoiled)
	}
})

test('when one file cannot be written, those before it are put back', async (t) => {
	const folder = temporaryFolder(t)
	const manifests = ['a', 'b'].map(manifest)
	const target = directoryTarget({ folder, render: () => ({ manifests, notes: [] }) })
	const plan = await target.plan([first], context)
	mkdirSync(join(folder, 'shop'), { recursive: true })
	writeFileSync(join(folder, 'shop', 'b.yaml'), 'kind: Foreign\n')
	const outcome = await target.apply(plan)
	assert.equal(outcome.state, 'failed')
	assert.match(outcome.sentence, /^Nothing was changed: shop\/b\.yaml was not written by Whittle/)
	assert.deepEqual(readdirSync(join(folder, 'shop')), ['b.yaml'])
})

test('no name leads out of the folder', async (t) => {
	const folder = temporaryFolder(t)
	const hostile = [
		'../../etc/cron.d/x',
		'..',
		'.',
		'',
		'a/../../b',
		'/etc/passwd',
		'a\0b',
		'ä',
		'A',
		'-',
		'x'.repeat(300),
		'~',
		'a\nb'
	]
	for (const name of hostile) {
		for (const one of [manifest(name), { ...manifest('a'), namespace: name === '' ? '..' : name }]) {
			const target = directoryTarget({ folder, render: () => ({ manifests: [one], notes: [] }) })
			const plan = await target.plan([first], context)
			assert.ok(
				plan.refusals.some((note) => note.code === 'directory.name'),
				JSON.stringify(one.name)
			)
			assert.deepEqual(plan.actions, [])
		}
		await assert.rejects(putText(folder, `${name}/x.yaml`, ''), /is not a file name/)
	}
	const outside = temporaryFolder(t)
	symlinkSync(outside, join(folder, 'linked'))
	await assert.rejects(
		putText(folder, 'linked/x.yaml', withMarker('w', 'kind: X\n')),
		/is not a folder of its own/
	)
	assert.deepEqual(readdirSync(outside), [])
})

test('manifests that share a name get their kind into the file name', () => {
	const one = manifest('a')
	assert.deepEqual(pathsOf([one, { ...one, kind: 'NetworkPolicy' }, manifest('b')]), [
		'shop/a.kubearmorpolicy.yaml',
		'shop/a.networkpolicy.yaml',
		'shop/b.yaml'
	])
	assert.deepEqual(pathsOf([{ ...one, namespace: '' }]), ['_cluster/a.yaml'])
})

test('files of other workloads stay', async (t) => {
	const folder = temporaryFolder(t)
	const target = directoryTarget({ folder, render: renderEverywhere })
	await target.apply(await target.plan([first], context))
	const held = await target.observe()
	const other = { ...context, subject: { ...context.subject, name: 'host/n1/other.service' } }
	assert.deepEqual((await target.plan([], other)).actions, [])
	assert.deepEqual(await target.observe(), held)
})

function rule(object: string): Rule {
	return { effect: 'allow', object, access: ['connect'], sources: [] }
}

function manifest(name: string): Manifest {
	return {
		kind: 'KubeArmorPolicy',
		name,
		namespace: 'shop',
		object: { metadata: { annotations: { 'whittle.dev/classes': 'network' } } },
		yaml: `kind: KubeArmorPolicy\nname: ${JSON.stringify(name)}\n`
	}
}

function temporaryFolder(t: TestContext): string {
	const folder = mkdtempSync(join(tmpdir(), 'whittle-test-'))
	t.after(() => rmSync(folder, { recursive: true, force: true }))
	return folder
}
