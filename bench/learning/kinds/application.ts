import type { ImageKind } from '../image.js'
import type { Random } from '../random.js'

/**
 * What one kind of program does, as texts of acts (`template.ts`). Written from how these programs are
 * known to behave (their manuals and Debian's packaging), not from any learner.
 */
export interface Application {
	kind: ImageKind
	/** Files of the application itself in its image, below what the packages made. */
	files(random: Random): string[]
	/** Done at every start. */
	start: string[]
	/** Done at some starts: each branch with a probability of its own between 2 and 80 %. */
	branches: string[][]
	/** Groups that the things which traffic triggers are drawn from, with their weights. */
	ordinary: { weight: number; acts: string[] }[]
	/** At a fixed time; `share` is the part of workloads that have it. */
	jobs: { name: string; everyHours: number; share: number; acts: string[] }[]
	/** Once in so many days, at no fixed time; `restart` ones start the pods anew. */
	rare: { name: string; everyDays: number; share: number; restart?: boolean; acts: string[] }[]
}

/** What every dynamically linked program does at its start. */
export const LOADED = [
	'read /etc/ld.so.cache',
	'read /usr/lib/x86_64-linux-gnu/libc.so.6',
	'read /usr/lib/x86_64-linux-gnu/libm.so.6',
	'read /etc/nsswitch.conf',
	'read /etc/passwd',
	'read /etc/group',
	'read /etc/hosts',
	'read /etc/resolv.conf',
	'read /usr/share/zoneinfo/Etc/UTC',
	'read /dev/urandom',
	'read /proc/sys/vm/overcommit_memory'
]

/** So many libraries and the like, chosen once per workload. */
export function some(count: number, act: string): string[] {
	return Array.from({ length: count }, () => act)
}

/** Names of files as an application's developers give them. */
export function names(random: Random, count: number): string[] {
	return Array.from({ length: count }, () => {
		const words = random.sample(WORDS, random.integer(1, 2))
		return words.join(random.pick(['', '_', '-', '.']))
	})
}

const WORDS =
	'account address admin agent alert api asset audit auth backup basket batch billing block cache card cart catalog category channel checkout client comment config contact content cookie country coupon currency customer dashboard data database date delivery device discount document domain download draft email entity error event export factory feature feed field file filter form gallery gateway group handler header helper history home image import index invoice item job label language layout link list locale location log login mail main manager map media member menu message metric model module monitor name news note notice object offer option order page panel parser partner password payment permission person phone photo plugin point policy post price product profile project provider query queue rate record region report request resource response review role route rule sale schedule schema search section segment server service session setting shipment shop site sku slot state status stock store stream style subscription supplier survey table tag task tax template term theme ticket time token tool topic tracking transaction transfer translation type unit update upload user vendor version video view voucher wallet warehouse web widget window worker zone'.split(
		' '
	)
