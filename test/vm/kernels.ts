/** Debian's own kernels, as files: asked of apt, unpacked without being installed, and kept. */
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
	copyFileSync,
	existsSync,
	mkdirSync,
	mkdtempSync,
	readdirSync,
	readFileSync,
	renameSync,
	rmSync
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { cacheFolder } from '../../setup/files.mjs'

export interface Kernel {
	/** What `uname -r` will say in the guest. */
	release: string
	/** The bootable image. */
	path: string
}

/**
 * The kernel that a meta package stands for today. The cloud kernels have NVMe, ext4 and the
 * serial port built in, so that the image alone boots. Throws with a sentence when neither the
 * cache nor apt has it.
 */
export function fetchKernel(metaPackage: string): Kernel {
	if (packageBehind(metaPackage) === null) renewLists()
	const name = packageBehind(metaPackage)
	if (name === null) throw new Error(`apt knows no ${metaPackage}: it takes the package sources of Debian 12`)
	const release = name.slice('linux-image-'.length)
	const kept = keptAs(name)
	if (existsSync(kept)) return { release, path: kept }
	try {
		unpack(name, release)
	} catch {
		// The lists may name a version that the archive has replaced since: they are renewed, once.
		renewLists()
		unpack(name, release)
	}
	return { release, path: keptAs(name) }
}

/** The package that a meta package depends on; null when apt does not know it. */
function packageBehind(metaPackage: string): string | null {
	const text = asked(['depends', '--important', metaPackage])
	return /Depends: (linux-image-\S+)/.exec(text)?.[1] ?? null
}

function renewLists(): void {
	execFileSync('apt-get', ['update', '-q'], { stdio: 'ignore' })
}

/** What apt-cache answers; it ends with 100 for a name that it does not know, which is an answer. */
function asked(question: string[]): string {
	try {
		return execFileSync('apt-cache', question, {
			encoding: 'utf8',
			stdio: ['ignore', 'pipe', 'ignore'],
			env: { ...process.env, LC_ALL: 'C' }
		})
	} catch (error) {
		if (error instanceof Error && 'status' in error && error.status === 100) return ''
		throw error
	}
}

/** A kept kernel is named by the SHA-256 of the package that it came from. */
function keptAs(name: string): string {
	return join(cacheFolder(), 'vm', `${checksumOf(name)}.vmlinuz`)
}

function checksumOf(name: string): string {
	const found = /^SHA256: ([0-9a-f]{64})$/m.exec(asked(['show', '--no-all-versions', name]))?.[1]
	if (found === undefined) throw new Error(`apt cannot say what the package ${name} holds`)
	return found
}

/** Downloads a package, checks it, and keeps its kernel alone. */
function unpack(name: string, release: string): void {
	const folder = mkdtempSync(join(tmpdir(), 'whittle-vm-kernel-'))
	try {
		execFileSync('apt-get', ['download', '-q', name], { cwd: folder, stdio: 'ignore' })
		const file = readdirSync(folder).find((one) => one.endsWith('.deb'))
		if (file === undefined) throw new Error(`apt downloaded no file for ${name}`)
		const found = createHash('sha256')
			.update(readFileSync(join(folder, file)))
			.digest('hex')
		if (found !== checksumOf(name)) throw new Error(`${file} is not what apt's lists promise`)
		const image = `./boot/vmlinuz-${release}`
		const tar = execFileSync('dpkg', ['--fsys-tarfile', file], { cwd: folder, maxBuffer: 2 ** 30 })
		execFileSync('tar', ['-x', image], { cwd: folder, input: tar })
		const kept = keptAs(name)
		mkdirSync(dirname(kept), { recursive: true })
		copyFileSync(join(folder, image), `${kept}.next`)
		renameSync(`${kept}.next`, kept)
	} finally {
		rmSync(folder, { recursive: true })
	}
}
