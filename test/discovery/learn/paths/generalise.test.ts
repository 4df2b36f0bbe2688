import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createFileList } from '../../../../discovery/learn/files.js'
import { generalise, generaliseFiles } from '../../../../discovery/learn/paths/generalise.js'
import type { FileRule } from '../../../../discovery/learn/paths/facts.js'
import type { BehaviourState } from '../../../../discovery/learn/state.js'
import { APP, FACTS, isAllowed, need } from './needs.js'

const WORDS =
	'alpha beta gamma delta core model view form auth cache index admin user order cart item price stock report mail'.split(
		' '
	)
/** Files with ordinary names, one new one in each of the given hours. */
function growing(
	directory: string,
	hours: readonly number[],
	verb: 'read' | 'create' = 'read'
): BehaviourState[] {
	return hours.map((hour, i) =>
		need(verb, `${directory}/${WORDS[i % 20]}-${WORDS[(i * 7 + 3) % 20]}`, [hour])
	)
}
const HOURS = Array.from({ length: 20 }, (_, i) => i * 3)

function objects(needs: readonly BehaviourState[], facts = FACTS): string[] {
	return generaliseFiles(needs, facts).map((rule) => rule.object)
}

test('four files in a directory are four files, as long as no fifth turns up (DE 1)', () => {
	const etc = ['hosts', 'resolv.conf', 'passwd', 'nginx/nginx.conf'].map((name) =>
		need('read', `/etc/${name}`, [0, 1, 2])
	)
	const usr = ['share/a', 'lib/b', 'libexec/c', 'local/d'].map((name) =>
		need('read', `/usr/${name}/x`, [0, 1, 2])
	)
	const needs = [...etc, ...usr]
	assert.deepEqual(objects(needs), needs.map((one) => one.object).sort())
})

test('forty libraries that are loaded at every start stay forty libraries', () => {
	const libraries = Array.from({ length: 40 }, (_, i) =>
		need('read', `/opt/app/lib/lib${WORDS[i % 20]}${i}.so`, [0, 20, 50], { startOnly: true, starts: [1, 2] })
	)
	assert.equal(objects(libraries).length, 40)
})

test('a directory that keeps growing becomes a rule, and says why', () => {
	const [rule, ...others] = generaliseFiles(growing('/srv/app/views', HOURS), FACTS)
	assert.deepEqual(others, [])
	assert.ok(rule)
	assert.equal(rule.object, '/srv/app/views/<any>')
	assert.deepEqual(rule.access, ['read'])
	assert.deepEqual(rule.sources, [APP])
	assert.equal(
		rule.why,
		'Directory /srv/app/views/ (r): 20 distinct files in 20 of 72 h; a new name every 3.8 h;' +
			' an exact list would cause ~87 false blocks in 14 d; grants an assumed 64 unseen files; no sensitive object below.'
	)
	assert.match(rule.beyond, /^64 files directly in \/srv\/app\/views\/ that were never seen used \(assumed/)
	assert.ok(rule.costRule < rule.costKeep)
	assert.ok(rule.wallCount > 100)
	assert.equal(Math.round(rule.hazardRemoved), 260)
})

test('what is unseen is counted where the files are known', () => {
	const files = createFileList('layers of sha256:1', [
		'/srv/app/views/alpha-delta',
		...WORDS.map((word) => `/srv/app/views/${word}`)
	])
	const [rule] = generaliseFiles(growing('/srv/app/views', HOURS), { ...FACTS, files })
	// Twenty that nobody used, and eight that may come to exist.
	assert.equal(rule?.unseenCount, 28)
	assert.match(rule?.why ?? '', /grants 28 unseen files/)
	assert.match(rule?.beyond ?? '', /by layers of sha256:1/)
})

test('reading and writing are generalised apart: what is written stays listed inside what may be read', () => {
	const needs = [
		...growing('/srv/app/pages', HOURS),
		...growing('/srv/app/pages/sub', HOURS),
		need('write', '/srv/app/pages/counter', [0, 1, 2])
	]
	const rules = generaliseFiles(needs, FACTS).map((rule) => `${rule.class} ${rule.object}`)
	assert.deepEqual(rules, ['file-read /srv/app/pages/<all>', 'file-write /srv/app/pages/counter'])
})

test('a directory of which something is executed is never written as a whole', () => {
	const needs = [
		...growing('/srv/app/work', HOURS, 'create'),
		need('exec', '/srv/app/work/run', [0, 1, 2], { source: '' })
	]
	const rules = generaliseFiles(needs, FACTS)
	assert.ok(rules.every((rule) => !rule.object.includes('<')))
	assert.ok(needs.every((one) => isAllowed(rules, one)))
})

test('sensitive neighbours keep a directory closed, whatever grows in it', () => {
	for (const directory of ['/etc', '/root', '/home/ann', '/srv/tls', '/usr/bin']) {
		const needs = [...growing(directory, HOURS), need('read', '/srv/tls/server.key', [0, 1, 2])]
		assert.ok(!objects(needs).some((object) => object.includes('<')), directory)
	}
	const held = { ...FACTS, walls: [{ path: '/srv/app/views/.planted', access: 'read' as const }] }
	assert.equal(objects(growing('/srv/app/views', HOURS), held).length, 20)
	const known = createFileList('layers', ['/srv/app/views/.env'])
	assert.equal(objects(growing('/srv/app/views', HOURS), { ...FACTS, files: known }).length, 20)
})

test('execution is exact, whoever executes and however many there are', () => {
	const needs = Array.from({ length: 50 }, (_, i) => need('exec', `/usr/lib/app/bin/tool${i}`, [i]))
	const rules = generaliseFiles(needs, FACTS)
	assert.equal(rules.length, 50)
	assert.ok(rules.every((rule) => rule.class === 'process' && !rule.object.includes('<')))
})

test('exec reads its program, for anybody', () => {
	const needs = [need('exec', '/usr/bin/app', [0], { source: '/usr/bin/sh' }), need('read', '/etc/hosts')]
	const implied = generaliseFiles(needs, FACTS).find(
		(rule) => rule.object === '/usr/bin/app' && rule.class === 'file-read'
	)
	assert.deepEqual(implied?.sources, [])
	assert.match(implied?.why ?? '', /^Exec itself opens it/)
})

test('no history is no rules', () => {
	assert.deepEqual(generalise([], { exposedHours: 0, startCount: 0, files: null }), {
		rules: [],
		notes: [],
		entryCount: 0,
		mu: 0.02
	})
})

test('one run proves nothing beyond itself', () => {
	const facts = { exposedHours: 1, startCount: 1, files: null }
	const needs = [
		...growing(
			'/srv/app/views',
			HOURS.map(() => 0)
		),
		...growing(
			'/tmp',
			HOURS.map(() => 0),
			'create'
		)
	]
	assert.equal(objects(needs, facts).length, 40)
})

test('each start that leaves a name of its own counts, however quiet its hours are', () => {
	const needs = Array.from({ length: 6 }, (_, i) =>
		need('create', `/run/app/${WORDS[i]}-${WORDS[i + 6]}`, [i], { startOnly: true, starts: [i] })
	)
	assert.deepEqual(objects(needs, { exposedHours: 6, startCount: 6, files: null }), ['/run/app/<any>'])
})

test('countless names are one open directory, or a refusal where it may not be opened', {
	timeout: 120_000
}, () => {
	let state = 7
	const name = () => {
		let text = ''
		for (let i = 0; i < 4; i++) {
			state = (state * 48_271) % 2_147_483_647
			text += WORDS[state % 20]
		}
		return `${text}${state}.x`
	}
	const count = 30_000
	const needs = Array.from({ length: count }, (_, i) => need('create', `/srv/spool/${name()}`, [i % 72]))
	const { rules, notes } = generalise(needs, FACTS)
	assert.ok(
		rules.length < 10 && rules.every((rule) => rule.object.startsWith('/srv/spool/')),
		`${rules.length}`
	)
	assert.deepEqual(notes, [])
	const walled = needs.map((one) => ({ ...one, object: one.object.replace('/srv/spool', '/etc') }))
	const refused = generalise(walled, FACTS)
	assert.ok(refused.rules.length <= 300)
	assert.ok(refused.rules.every((rule) => !rule.object.endsWith('<any>') && !rule.object.endsWith('<all>')))
	assert.ok(refused.notes.some((note) => note.severity === 'refusal'))
})

test('over budget directories get wider; what cannot is refused with the reason', () => {
	const many = Array.from({ length: 300 }, (_, i) =>
		need('write', `/srv/app/${WORDS[i % 20]}/${WORDS[Math.floor(i / 20)]}`, [0, 1, 2])
	)
	assert.equal(objects(many, { ...FACTS, options: { budget: 1000 } }).length, 300)
	const { rules, entryCount, notes, mu } = generalise(many, FACTS)
	assert.ok(entryCount <= 208 && rules.length < 208)
	assert.ok(mu > 0.02)
	assert.deepEqual(notes, [])
	assert.ok(rules.some((rule) => /an exact list would not fit 208 entries/.test(rule.why)))
	const stuck = Array.from({ length: 400 }, (_, i) => need('read', `/etc/app${i}.conf`, [0, 1, 2]))
	const refused = generalise(stuck, FACTS)
	assert.equal(refused.rules.length, 400, 'as narrow as before')
	assert.match(refused.notes[0]?.text ?? '', /400 entries and 208 fit/)
})

test('a path that KubeArmor cannot match exactly makes its directory a rule', () => {
	const long = `/srv/app/data/${'x'.repeat(190)}`
	assert.deepEqual(objects([need('read', long, [0, 1, 2])]), ['/srv/app/data/<any>'])
})

test('what is in force stays until something is better by a twentieth', () => {
	// Two names, of which one was new: near the point where listing costs as much as the directory.
	const needs = growing('/srv/app/views', [0, 3])
	const at = (exposedHours: number, previous: FileRule[] = []) =>
		generaliseFiles(needs, { ...FACTS, exposedHours, previous }).map((rule) => rule.object)
	const directory = generaliseFiles(needs, { ...FACTS, exposedHours: 290 })
	assert.deepEqual(
		directory.map((rule) => rule.object),
		['/srv/app/views/<any>']
	)
	assert.equal(at(320).length, 2)
	assert.deepEqual(at(320, directory), ['/srv/app/views/<any>'])
	assert.equal(at(600, directory).length, 2, 'then it is much better')
	const exact = growing('/srv/app/views', HOURS.slice(0, 3)).map((one) => ({
		...one,
		hours: [480_000, 480_005, 480_009]
	}))
	const listed = generaliseFiles(exact, FACTS)
	assert.equal(listed.length, 3)
	const onceMore = [...exact, need('read', '/srv/app/views/new', [0, 1, 2])]
	assert.equal(generaliseFiles(onceMore, { ...FACTS, previous: listed }).length, 4)
	const replaced = generaliseFiles(growing('/srv/app/views', HOURS), { ...FACTS, previous: listed })
	assert.deepEqual(
		replaced.map((rule) => rule.object),
		['/srv/app/views/<any>']
	)
})

test('a class of names in force stays with its last members, but not over what is held now', () => {
	const previous = [
		{ effect: 'allow' as const, object: '/tmp/php<random>', access: ['create' as const], sources: [APP] }
	]
	const needs = [need('create', '/tmp/phpAb12Cd', [0, 1, 2])]
	assert.deepEqual(objects(needs, { ...FACTS, previous }), ['/tmp/php<random>'])
	const walls = [{ path: '/tmp/phpEvil1', access: 'write' as const }]
	assert.deepEqual(objects(needs, { ...FACTS, previous, walls }), ['/tmp/phpAb12Cd'])
})

test('programs are named where that is worth more than it costs', () => {
	const programs = Array.from({ length: 12 }, (_, i) => `/usr/sbin/p${i}`)
	const run = programs.map((path) => need('exec', path, [0, 1, 2], { source: '' }))
	const by = (object: string, sources: readonly string[], hours: readonly number[] = [0, 1, 2]) =>
		sources.map((source) => need('read', object, hours, { source }))
	const sourcesOf = (needs: BehaviourState[], object: string) =>
		generaliseFiles([...run, ...needs], FACTS).find((rule) => rule.object === object)?.sources
	assert.deepEqual(sourcesOf(by('/etc/app.conf', [APP]), '/etc/app.conf'), [APP])
	const library = '/usr/lib/x86_64-linux-gnu/libz.so.1'
	assert.deepEqual(sourcesOf(by(library, [APP]), library), [], 'libraries never')
	assert.deepEqual(
		sourcesOf(by('/etc/shadow', programs), '/etc/shadow'),
		programs.toSorted(),
		'credentials always'
	)
	assert.deepEqual(sourcesOf(by('/srv/x', programs), '/srv/x'), [], 'all of them use it')
	const joining = programs.flatMap((source, i) => by('/srv/y', [source], [i * 5]))
	assert.deepEqual(sourcesOf(joining, '/srv/y'), [], 'another program comes to use it every five hours')
	assert.deepEqual(sourcesOf(by('/srv/z', ['']), '/srv/z'), [], 'nobody knows who')
})

test('a directory that was observed as one is a rule, unless something sensitive lies in it', () => {
	assert.deepEqual(objects([need('create', '/srv/app/cache/<any>')]), ['/srv/app/cache/<any>'])
	const { rules, notes } = generalise([need('read', '/etc/<any>')], FACTS)
	assert.deepEqual(rules, [])
	assert.match(notes[0]?.text ?? '', /held too many names .* would cover \/etc\/gshadow/)
})
