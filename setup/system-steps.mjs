/** What set-up needs from the machine: Debian packages and a system user. */
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { hasCommand, readIfThere } from './files.mjs'
import { Missing } from './run-steps.mjs'

/** Debian packages, each with the reason that people are told. */
const START_PACKAGES = [
	['clang', 'compiles the eBPF programs'],
	['libbpf-dev', 'loads them'],
	['libelf-dev', 'libbpf reads their object files with it'],
	['zlib1g-dev', 'libelf needs it'],
	['g++', 'compiles the native addon and the SQLite binding'],
	['make', 'node-gyp drives the compiler with it'],
	['python3', 'node-gyp is written in it'],
	['util-linux', 'setpriv and unshare: the service drops its rights with them']
]
const TEST_PACKAGES = [
	['nginx-light', 'a real workload in tests and recordings'],
	['postgresql', 'a real workload in tests and recordings'],
	['postgresql-contrib', 'pgbench, its client'],
	['chromium', 'the page is tested in a real browser'],
	['curl', 'the client in tests and recordings'],
	['iproute2', 'network namespaces in tests'],
	['procps', 'looks at processes in tests'],
	['bpftool', 'reads the BTF of the compiled objects'],
	['gcc', 'compiles the programs whose operations are known'],
	['bpftrace', 'a peer in benchmarks'],
	['strace', 'traces a process in tests'],
	['python3-yaml', 'reads exported YAML as an independent YAML 1.1 reader']
]
const VM_PACKAGES = [
	['qemu-system-x86', 'boots the kernels of Debian 12, without KVM'],
	['e2fsprogs', 'makes their disk'],
	['libc6-dev', 'links the programs that run in them, statically']
]

export function packagesStep(purpose) {
	const wanted = {
		start: START_PACKAGES,
		test: [...START_PACKAGES, ...TEST_PACKAGES],
		vm: [...START_PACKAGES, ...TEST_PACKAGES, ...VM_PACKAGES]
	}[purpose]
	const missing = () => wanted.filter(([name]) => !isInstalled(name))
	return {
		name: 'packages',
		why: 'these tools come from Debian, not from npm',
		needs: [],
		state() {
			if (!hasCommand('dpkg-query')) return { current: true }
			const list = missing()
			if (list.length === 0) return { current: true }
			const reasons = list.map(([name, why]) => `${name} (${why})`).join(', ')
			return { current: false, plan: `apt-get install ${reasons}` }
		},
		async run(shell) {
			const names = missing().map(([name]) => name)
			if (process.getuid() !== 0 || !hasCommand('apt-get')) {
				throw new Missing(
					`missing here: ${names.join(' ')}. As root, "apt-get install ${names.join(' ')}" brings them`
				)
			}
			await withoutServiceStarts(async () => {
				const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
				await shell.run('apt-get', ['update', '-q'], { env })
				await shell.run('apt-get', ['install', '-y', '-q', '--no-install-recommends', ...names], { env })
			})
		}
	}
}

function isInstalled(name) {
	const asked = spawnSync('dpkg-query', ['--status', name], { encoding: 'utf8' })
	return asked.status === 0 && asked.stdout.includes('\nStatus: install ok installed\n')
}

/**
 * Installing nginx or PostgreSQL would start them as services that nobody asked for. Debian's
 * way to say no is policy-rc.d, here only for as long as apt runs, and never over an existing one.
 * See https://people.debian.org/~hmh/invokerc.d-policyrc.d-specification.txt
 */
async function withoutServiceStarts(install) {
	const path = '/usr/sbin/policy-rc.d'
	const text =
		'#!/bin/sh\n# Written by the set-up of Whittle while it installs packages; remove it if you find it.\nexit 101\n'
	const foreign = existsSync(path) && readFileSync(path, 'utf8') !== text
	if (foreign) return install()
	const remove = () => rmSync(path, { force: true })
	const interrupted = () => {
		remove()
		process.exit(130)
	}
	for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.once(signal, interrupted)
	writeFileSync(path, text, { mode: 0o755 })
	try {
		await install()
	} finally {
		remove()
		for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.off(signal, interrupted)
	}
}

export function userStep() {
	return {
		name: 'user',
		why: 'the service never runs as root; the sensor alone does',
		needs: ['packages'],
		state() {
			if (process.platform !== 'linux' || process.getuid() !== 0) return { current: true }
			const known = /^whittle:/m.test(readIfThere('/etc/passwd') ?? '')
			return known
				? { current: true }
				: { current: false, plan: 'add the system user "whittle", without a password or a shell' }
		},
		async run(shell) {
			if (!hasCommand('useradd'))
				throw new Missing('there is no useradd here; the service will run as "nobody"')
			const shellPath = '/usr/sbin/nologin'
			await shell.run('useradd', [
				'--system',
				'--user-group',
				'--no-create-home',
				'--home-dir',
				'/nonexistent',
				'--shell',
				shellPath,
				'whittle'
			])
		}
	}
}
