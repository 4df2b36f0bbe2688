import { parse } from 'tldts'
import { compareText } from '../../behaviour.js'
import {
	bitsOf,
	fewUnits,
	type Growth,
	grantCost,
	hazardCost,
	hazardOf,
	MEMBERS_MIN,
	onlyUnit,
	UNITS_MIN,
	type Units
} from './growth.js'

/** A DNS name that was needed, lower case and without a final dot, each once. */
export interface NameNeed {
	name: string
	units: Units
}

/** A name, or `*.SUFFIX`: every name with exactly one more label. */
export interface NamePattern<N extends NameNeed> {
	pattern: string
	members: N[]
	unseenCount: number
	bits: number
	hazardRemoved: number
}

/** How many names below a suffix nobody saw: unknown, so as many as six bits tell apart. */
const UNSEEN_NAMES = 64

/**
 * Domains that hand out the names below them to strangers although the public suffix list has only
 * some of those names, and the names of a cluster, which are services of everybody in it.
 */
const SHARED = [
	'amazonaws.com',
	'amazonaws.com.cn',
	'azure.com',
	'windows.net',
	'googleapis.com',
	'googleusercontent.com',
	'cloudfront.net',
	'akamaiedge.net',
	'fastly.net',
	'cluster.local'
]

/**
 * The names to grant. Where new names keep coming directly below one suffix, and that suffix belongs
 * to one owner, they become `*.SUFFIX`; no pattern stands for a public suffix, a domain whose names
 * are rented out, or another cluster's service. The same for any order of the needs.
 */
export function generaliseNames<N extends NameNeed>(needs: readonly N[], growth: Growth): NamePattern<N>[] {
	const bySuffix = new Map<string, N[]>()
	for (const need of needs) {
		const suffix = suffixOf(need.name)
		const siblings = bySuffix.get(suffix)
		if (siblings) siblings.push(need)
		else bySuffix.set(suffix, [need])
	}
	return [...bySuffix]
		.flatMap(([suffix, siblings]) => atSuffix(suffix, siblings, growth))
		.sort((a, b) => compareText(a.pattern, b.pattern))
}

/** True when one owner answers for everything directly below a suffix. */
export function hasOneOwner(suffix: string): boolean {
	if (!suffix.includes('.')) return false
	if (SHARED.some((domain) => suffix === domain || suffix.endsWith(`.${domain}`))) return false
	const { publicSuffix, isIp } = parse(suffix, { allowPrivateDomains: true, validateHostname: false })
	return isIp !== true && publicSuffix !== null && publicSuffix !== suffix
}

function atSuffix<N extends NameNeed>(suffix: string, siblings: N[], growth: Growth): NamePattern<N>[] {
	const exact = () => siblings.map((need) => exactly(need))
	if (siblings.length < MEMBERS_MIN) return exact()
	const unique = siblings.map(({ units }) => onlyUnit(units)).filter((unit) => unit !== null)
	if (unique.reduce<readonly number[]>((few, unit) => fewUnits(few, [unit]), []).length < UNITS_MIN) {
		return exact()
	}
	// What is a suffix itself for one of the names is one for all (`s3.amazonaws.com` below `amazonaws.com`).
	if (!hasOneOwner(suffix) || !siblings.every(({ name }) => hasOneOwnerAbove(name, suffix))) return exact()
	const hazard = hazardOf(new Set(unique).size, growth)
	const kept = growth.mu * siblings.length + hazardCost(hazard, growth)
	const whole = growth.mu + grantCost(UNSEEN_NAMES, 1, growth)
	if (whole >= kept) return exact()
	const members = [...siblings].sort((a, b) => compareText(a.name, b.name))
	return [
		{
			pattern: `*.${suffix}`,
			members,
			unseenCount: UNSEEN_NAMES,
			bits: bitsOf(UNSEEN_NAMES),
			hazardRemoved: hazard
		}
	]
}

function hasOneOwnerAbove(name: string, suffix: string): boolean {
	const { publicSuffix } = parse(name, { allowPrivateDomains: true, validateHostname: false })
	return publicSuffix !== null && publicSuffix.length < suffix.length
}

function exactly<N extends NameNeed>(need: N): NamePattern<N> {
	return { pattern: need.name, members: [need], unseenCount: 0, bits: 0, hazardRemoved: 0 }
}

function suffixOf(name: string): string {
	return name.slice(name.indexOf('.') + 1)
}
