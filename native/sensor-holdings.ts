/** The cgroups whose network class the sensor holds. */
import { existsSync, mkdirSync, realpathSync, rmdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { Addon } from './addon.js'
import { objectFolder } from './addon.js'
import type { Cgroups } from './cgroups.js'
import { parseCidr, toPermissions } from './hold.js'
import type { WirePolicy } from './hold.js'
import type { HoldResult, SelfTest } from './messages.js'

/** Ports of the self-test: discard and echo; nobody needs to listen, a refusal proves passage, too. */
const allowedPort = 9
const deniedPort = 7
const EPERM = 1

/** A policy under the number by which the kernel counts its denials. */
export interface HeldSlot {
	slot: number
	generation: number
	cgroup: string
	digest: string
	lostDenialCount: number
}

/** Replaced policies are remembered for their last denials: those of one drain at most. */
const replacedMax = 64

export interface Holdings {
	hold(policy: WirePolicy): HoldResult
	lift(cgroup: string): HoldResult
	list(): { cgroup: string; digest: string; mode: 1 | 2 }[]
	/** Every policy that a denial of the coming drain can name: what is held now, and what it replaced. */
	slots(): HeldSlot[]
	liftAll(): void
}

export function holdings(addon: Addon, cgroups: Cgroups): Holdings {
	const held = new Map<string, Held>()
	const replaced: HeldSlot[] = []
	const retire = (cgroup: string): boolean => {
		const before = held.get(cgroup)
		if (!before) return false
		held.delete(cgroup)
		replaced.push({
			slot: before.slot,
			generation: before.generation,
			cgroup,
			digest: before.digest,
			lostDenialCount: 0
		})
		replaced.splice(0, replaced.length - replacedMax)
		return true
	}
	/**
	 * A cgroup that was removed took its programs with it, and one made later at the same path (a
	 * service that restarted) is another one: it is not held until it is held again.
	 */
	const forgetGone = (): void => {
		for (const [cgroup, { folder, id }] of held) {
			if (idOf(folder) === id) continue
			addon.liftNetwork(folder)
			retire(cgroup)
		}
	}
	const objectPath = join(objectFolder(), 'enforce.bpf.o')
	return {
		hold(policy): HoldResult {
			const folder = cgroupFolder(cgroups, policy.cgroup)
			if (typeof folder !== 'string') return folder
			forgetGone()
			const id = idOf(folder)
			const selfTest = runSelfTest(addon, cgroups, objectPath)
			const kept = addon.holdNetwork(objectPath, folder, policy.mode, toPermissions(policy.rules))
			retire(policy.cgroup)
			held.set(policy.cgroup, { ...kept, digest: policy.digest, mode: policy.mode, folder, id })
			const verb = policy.mode === 2 ? 'held' : 'watched'
			return {
				held: true,
				selfTest,
				sentence: `${policy.cgroup} is ${verb}: connect, sendmsg and bind; ${selfTest.sentence}`
			}
		},
		lift(cgroup): HoldResult {
			forgetGone()
			const folder = cgroupFolder(cgroups, cgroup)
			const was = retire(cgroup)
			if (typeof folder === 'string') addon.liftNetwork(folder)
			return {
				held: false,
				selfTest: null,
				sentence: was ? `${cgroup} is no longer held` : `${cgroup} was not held`
			}
		},
		list(): { cgroup: string; digest: string; mode: 1 | 2 }[] {
			forgetGone()
			return [...held].map(([cgroup, { digest, mode }]) => ({ cgroup, digest, mode }))
		},
		slots: () => [
			...[...held].map(([cgroup, { slot, generation, digest }]) => ({
				slot,
				generation,
				cgroup,
				digest,
				lostDenialCount: addon.readDenialRemainders(slot)
			})),
			...replaced
		],
		liftAll(): void {
			for (const cgroup of held.keys()) {
				const folder = cgroupFolder(cgroups, cgroup)
				if (typeof folder === 'string') addon.liftNetwork(folder)
			}
			held.clear()
		}
	}
}

interface Held {
	slot: number
	generation: number
	digest: string
	mode: 1 | 2
	folder: string
	/** The cgroup's own id, which no later one at the same path has. */
	id: bigint
}

/** 0 when it has gone. */
function idOf(folder: string): bigint {
	return statSync(folder, { bigint: true, throwIfNoEntry: false })?.ino ?? 0n
}

/** The folder of a cgroup below the v2 root; never the root itself, whatever the name resolves to. */
function cgroupFolder(cgroups: Cgroups, cgroup: string): string | HoldResult {
	const refuse = (sentence: string): HoldResult => ({ held: false, selfTest: null, sentence })
	if (!cgroups.v2) return refuse('this host mounts no cgroup v2 hierarchy, and only that can be held')
	const wanted = join(cgroups.v2, cgroup)
	if (!existsSync(wanted)) return refuse(`there is no cgroup ${cgroup} any more`)
	const folder = realpathSync(wanted)
	if (!folder.startsWith(`${cgroups.v2}/`) || folder === cgroups.v2) {
		return refuse('a denial is never scoped to the root cgroup: it would hold the whole host')
	}
	return folder
}

/**
 * Shows one denial and one passage in a cgroup of its own before anything is called
 * enforced: programs that attach and never fire are real.
 */
function runSelfTest(addon: Addon, cgroups: Cgroups, objectPath: string): SelfTest {
	const folder = join(cgroups.v2, `whittle-selftest-${process.pid}`)
	mkdirSync(folder, { recursive: true })
	try {
		const { address, prefixBits } = parseCidr('127.0.0.1/32')
		const rule = {
			direction: 0,
			protocol: 6,
			prefixBits,
			portFrom: allowedPort,
			portTo: allowedPort,
			address
		}
		addon.holdNetwork(objectPath, folder, 2, toPermissions([rule]))
		const allowed = addon.tryConnect(folder, allowedPort)
		const denied = addon.tryConnect(folder, deniedPort)
		addon.liftNetwork(folder)
		const allowedCorrectly = allowed !== EPERM && allowed < 250
		const deniedCorrectly = denied === EPERM
		const sentence =
			allowedCorrectly && deniedCorrectly
				? 'a self-test in a cgroup of its own was denied what it must not do and allowed what it may'
				: `the self-test failed: the denied connect ended with errno ${denied}, the allowed one with ${allowed}`
		return { allowedCorrectly, deniedCorrectly, sentence }
	} finally {
		rmdirSync(folder)
	}
}
