import assert from 'node:assert/strict'
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { bootGuest, type GuestRun } from './guest.js'
import { fetchKernel } from './kernels.js'
import { buildImage } from './root-image.js'

/**
 * Debian 12's own kernels, each in a machine of its own that runs the compiled product and what
 * test/kernel has for the sensor and for what is held, beside the tests in guest/.
 */
const KERNELS = ['linux-image-cloud-amd64', 'linux-image-6.12-cloud-amd64']
const FILES = [
	...['kernel/enforce-network.test.js', 'kernel/sensor.test.js'],
	...['counts', 'learn', 'probe', 'untainted'].map((name) => `vm/guest/${name}.guest.js`)
]

const skip = missing()
const runs = new Map<string, Promise<GuestRun>>()
let folder = ''

before(() => {
	if (skip !== false) return
	folder = mkdtempSync(join(tmpdir(), 'whittle-vm-'))
	const kernels = KERNELS.map((name) => ({ name, ...fetchKernel(name) }))
	const image = buildImage(folder)
	// Side by side: each waits as much as it works.
	for (const { name, path, release } of kernels) {
		const own = join(folder, release)
		mkdirSync(own)
		const run = bootGuest(path, image, own)
		// Its test awaits it, perhaps after it failed: until then that is no unhandled rejection.
		void Promise.allSettled([run])
		runs.set(name, run)
	}
})
after(async () => {
	await Promise.allSettled(runs.values())
	if (folder !== '') rmSync(folder, { recursive: true })
})

for (const name of KERNELS) {
	test(name, { skip }, async (t) => {
		const run = await runs.get(name)
		assert.ok(run !== undefined)
		for (const result of run.results) {
			await t.test(`${result.file}: ${result.name}`, () => assert.ok(result.passed, result.text))
		}
		assert.deepEqual([...new Set(run.results.map(({ file }) => file))].sort(), FILES, run.console)
		assert.ok(run.passed, `the guest says that it failed:\n${run.console}`)
		t.diagnostic(`${run.seconds} s`)
	})
}

/** What this machine cannot have; false where everything is there. Set-up installs it on Debian as root. */
function missing(): string | false {
	if (process.arch !== 'x64') return `the kernels of this suite are for x86-64, and this is ${process.arch}`
	const programs = ['/usr/bin/qemu-system-x86_64', '/usr/bin/apt-get', '/usr/bin/dpkg']
	const absent = programs.filter((path) => !existsSync(path))
	return absent.length === 0
		? false
		: `${absent.join(', ')} is not here: it takes Debian, and root for set-up`
}
