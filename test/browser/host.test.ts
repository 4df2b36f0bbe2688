/**
 * One host, end to end: `whittle up` on this machine, nginx and curl beside it in cgroups of
 * their own, and everything else as a person does it, in the page. Needs root and eBPF.
 */
import assert from 'node:assert/strict'
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
	existsSync,
	mkdirSync,
	mkdtempSync,
	readFileSync,
	realpathSync,
	rmdirSync,
	rmSync,
	writeFileSync
} from 'node:fs'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import type { Browser, Page } from 'playwright-core'
import { readCgroups } from '../../native/cgroups.js'
import { root } from '../cli/run-whittle.js'
import { atRest, calmContext, launch } from './browser.js'

const folder = mkdtempSync(join(tmpdir(), 'whittle-host-'))
const port = 18_491
const children: ChildProcess[] = []
const { v2 } = readCgroups()
const policyPage = `/policies/${encodeURIComponent(`host/${hostname()}/host-test-nginx`)}/network`
let browser: Browser
let page: Page
let said = ''

before(async () => {
	assert.equal(process.getuid?.(), 0, 'this test needs root: it watches and holds real programs')
	mkdirSync(join(folder, 'html'))
	writeFileSync(join(folder, 'html', 'index.html'), '<p>Hello</p>')
	writeFileSync(
		join(folder, 'nginx.conf'),
		`pid ${folder}/nginx.pid; error_log ${folder}/error.log; events {} http { access_log off; server { listen 127.0.0.1:${port}; root ${folder}/html; } }`
	)
	execFileSync('chmod', ['-R', 'a+rX', folder])
	const up = start(join(root, 'bin', 'whittle'), ['--data', join(folder, 'data'), 'up', '--port', '0'])
	for (const stream of [up.stdout, up.stderr]) {
		stream?.setEncoding('utf8').on('data', (text: string) => {
			said += text
		})
	}
	await until(() => /http:\S+token=\S+/.test(said), 'the URL')
	browser = await launch()
	page = await (await calmContext(browser)).newPage()
	page.setDefaultTimeout(30_000)
	await page.goto(/http:\S+token=\S+/.exec(said)?.[0] ?? '')
	await page.getByRole('heading', { name: 'Overview' }).waitFor()
})

after(async () => {
	await browser?.close()
	for (const child of children.reverse()) await end(child)
	for (const name of ['nginx', 'curl']) removeCgroup(cgroup(name))
	rmSync(folder, { recursive: true, force: true })
})

test('nginx and curl, started beside Whittle, are in the page within seconds', async () => {
	startIn('nginx', ['nginx', '-e', `${folder}/error.log`, '-c', `${folder}/nginx.conf`, '-g', 'daemon off;'])
	await until(() => request() === 'ok', 'nginx')
	await go('/workloads', 'host-test-nginx')
	await page.getByText('host-test-curl').first().waitFor()
})

test('approving and applying nginx’s network class holds it: its own traffic goes on, the rest is denied and told', async () => {
	await until(async () => {
		await go('/policies?q=host-test-nginx&class=network', 'Suggestions')
		return (await page.getByRole('row', { name: /host-test-nginx.*network/ }).count()) > 0
	}, 'the suggestion')
	await go(policyPage, 'host-test-nginx')
	await page.getByRole('button', { name: /^Approve/ }).click()
	const approval = page.getByRole('dialog')
	await approval.getByText('An approval is bound to exactly').waitFor()
	await approval.getByRole('button', { name: 'Approve', exact: true }).click()
	await approval.getByText('1 approved').waitFor()
	await atRest(page)
	await page.keyboard.press('Enter')
	await approval.waitFor({ state: 'detached' })
	await page.getByRole('button', { name: 'Apply…' }).click()
	const dialog = page.getByRole('dialog')
	await dialog.getByRole('button', { name: 'This host' }).click()
	await dialog.getByRole('button', { name: 'Block', exact: true }).click()
	await dialog.getByText('What is done').waitFor()
	const confirmation = dialog.getByRole('textbox', { name: /to confirm/ })
	if ((await confirmation.count()) > 0) await confirmation.fill(`host/${hostname()}/host-test-nginx`)
	await dialog.getByRole('button', { name: 'Enforce now' }).click()
	await dialog.getByText('is enforced at the host target').waitFor()
	await dialog.getByRole('button', { name: 'Close' }).last().click()

	assert.equal(request(), 'ok', 'its own traffic goes on')
	assert.equal(connectFromNginx(deniedPort()), 'denied', 'a connection to another port')
	await until(async () => {
		await go('/violations', 'Violations')
		return (await page.getByText(`egress/tcp/${deniedPort()}/127.0.0.1`).count()) > 0
	}, 'the alert')
})

test('rolling back lifts it', async () => {
	await go(policyPage, 'host-test-nginx')
	await page.getByRole('button', { name: 'Roll back…' }).click()
	await page.getByRole('dialog').getByText('What is done').waitFor()
	await page.getByRole('dialog').getByRole('button', { name: 'Roll back now' }).click()
	await page.getByRole('dialog').getByRole('button', { name: 'Close' }).last().click()
	await page.getByRole('button', { name: 'Roll back…' }).waitFor({ state: 'detached' })
	assert.equal(connectFromNginx(deniedPort()), 'refused', 'nobody listens there, and nobody denies it')
	assert.equal(request(), 'ok')
})

test('when it is told to end, it leaves no run folder behind', async () => {
	const [up] = children
	assert.ok(up)
	// Named after the data folder, as `whittle up` names it.
	const name = createHash('sha256')
		.update(realpathSync(join(folder, 'data')))
		.digest('hex')
		.slice(0, 12)
	assert.ok(existsSync(join('/run/whittle', name)))
	await end(up)
	assert.equal(up.exitCode, 0, said)
	assert.ok(!existsSync(join('/run/whittle', name)))
})

/** A port that nginx's cgroup never connected to before it was held. */
function deniedPort(): number {
	return 5000
}

function cgroup(name: string): string {
	return join(v2, `host-test-${name}`)
}

function start(command: string, args: string[]): ChildProcess {
	const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] })
	children.push(child)
	return child
}

/** Joins before the exec, as a service manager does. */
function startIn(name: string, argv: string[]): ChildProcess {
	mkdirSync(cgroup(name), { recursive: true })
	return start('/bin/sh', ['-c', `echo 0 > ${cgroup(name)}/cgroup.procs; exec "$@"`, 'sh', ...argv])
}

function runIn(name: string, argv: string[]): number | null {
	mkdirSync(cgroup(name), { recursive: true })
	return spawnSync('/bin/sh', ['-c', `echo 0 > ${cgroup(name)}/cgroup.procs; exec "$@"`, 'sh', ...argv])
		.status
}

/** curl, in its own cgroup, asks nginx. */
function request(): string {
	const code = runIn('curl', [
		'curl',
		'-sf',
		'--max-time',
		'5',
		'-o',
		'/dev/null',
		`http://127.0.0.1:${port}/`
	])
	return code === 0 ? 'ok' : `curl ended with ${code}`
}

/** A connection out of nginx's cgroup: what a compromised worker would try. */
function connectFromNginx(to: number): string {
	const script = `import socket, sys\ntry: socket.create_connection(('127.0.0.1', ${to}), 2)\nexcept PermissionError: sys.exit(3)\nexcept ConnectionRefusedError: sys.exit(4)`
	const code = runIn('nginx', ['/usr/bin/python3', '-c', script])
	return code === 0 ? 'ok' : code === 3 ? 'denied' : code === 4 ? 'refused' : `python ended with ${code}`
}

async function go(path: string, text: string): Promise<void> {
	await page.goto(new URL(path, page.url()).href)
	await page.getByText(text).first().waitFor()
	await atRest(page)
}

async function until(holds: () => boolean | Promise<boolean>, what: string): Promise<void> {
	for (let left = 60; left > 0; left--) {
		if (await holds()) return
		await new Promise((wake) => setTimeout(wake, 500))
	}
	assert.fail(`${what} did not come within 30 s. Whittle said: ${said}`)
}

async function end(child: ChildProcess): Promise<void> {
	if (child.exitCode !== null || child.signalCode !== null) return
	const ended = new Promise((done) => child.on('exit', done))
	child.kill('SIGTERM')
	await ended
}

function removeCgroup(path: string): void {
	for (const pid of readFileSync(join(path, 'cgroup.procs'), 'utf8').split('\n').filter(Boolean))
		process.kill(Number(pid), 'SIGKILL')
	for (let left = 50; left > 0; left--) {
		if (readFileSync(join(path, 'cgroup.procs'), 'utf8') === '') break
		execFileSync('sleep', ['0.1'])
	}
	rmdirSync(path)
}
