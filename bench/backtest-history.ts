import { openDatabase } from '../collector/database.js'

/** How a made-up history is spread. */
export interface HistoryPlan {
	workloadCount: number
	/** Distinct behaviours of each workload. */
	behaviourCount: number
	/** Days on which each of them was seen. */
	dayCount: number
}

/** One behaviour in so many lies outside of what the policies allow. */
const OUTSIDE_EVERY = 53
/** One behaviour in so many is a connection, the others are files and a few programs. */
const NETWORK_EVERY = 10
const EXEC_EVERY = 97
const FIRST_DAY = 20_300
const DAY_MS = 86_400_000
const DIRECTORIES = 40

/** Writes the history into a new store at `path`; returns how many behaviours the policies do not allow. */
export function writeHistory(path: string, plan: HistoryPlan): { rowCount: number; outsideCount: number } {
	const db = openDatabase(path)
	db.pragma('synchronous = OFF')
	const object = db
		.prepare(
			'INSERT INTO objects (text) VALUES (?) ON CONFLICT DO UPDATE SET text = excluded.text RETURNING id'
		)
		.pluck()
	const observation = db.prepare(
		"INSERT INTO observations VALUES (?, ?, ?, ?, ?, ?, 'allowed', ?, ?, ?, ?, ?, 0, '')"
	)
	const counts = { rowCount: 0, outsideCount: 0 }
	db.transaction(() => {
		const source = Number(object.get('/usr/bin/server'))
		for (let w = 1; w <= plan.workloadCount; w++) {
			const owner = `app-${w}`
			db.prepare(
				"INSERT INTO workloads VALUES (?, ?, 'container', 'c1', 'shop', 'Deployment', ?, 'server', '', '', NULL, 0, 1)"
			).run(w, `c1/shop/Deployment/${owner}/server`, owner)
			db.prepare("INSERT INTO versions VALUES (?, ?, 'sha256:1', '', 0, 1)").run(w, w)
			db.prepare('INSERT INTO inventory VALUES (?, ?, ?, ?, ?, 0, NULL, ?)').run(
				'c1',
				'Pod',
				'shop',
				`${owner}-0`,
				`uid-${w}`,
				JSON.stringify({
					labels: { app: owner },
					addresses: [`10.1.${w >> 8}.${w & 255}`],
					owner: { kind: 'Deployment', name: owner },
					containers: [{ name: 'server' }]
				})
			)
			const behaviours = Array.from({ length: plan.behaviourCount }, (_, i) => behaviourOf(w, i))
			const ids = behaviours.map(({ text }) => Number(object.get(text)))
			counts.outsideCount += behaviours.filter((one) => one.isOutside).length
			for (let day = FIRST_DAY; day < FIRST_DAY + plan.dayCount; day++) {
				for (const [i, { verb }] of behaviours.entries()) {
					const atMs = day * DAY_MS + (i % 24) * 3_600_000
					observation.run(
						w,
						w,
						day,
						verb,
						ids[i],
						source,
						1 << (i % 24),
						`["${owner}-0"]`,
						3,
						atMs,
						atMs + 1000
					)
					counts.rowCount++
				}
			}
		}
	})()
	db.close()
	return counts
}

/** A KubeArmorPolicy and a NetworkPolicy for each workload. */
export function policiesFor(plan: HistoryPlan): Record<string, unknown>[] {
	return Array.from({ length: plan.workloadCount }, (_, i) => `app-${i + 1}`).flatMap((app) => {
		const metadata = { name: app, namespace: 'shop' }
		const directories = Array.from({ length: DIRECTORIES }, (_, d) => ({
			dir: `/srv/data/${d}/`,
			recursive: true
		}))
		return [
			{
				apiVersion: 'security.kubearmor.com/v1',
				kind: 'KubeArmorPolicy',
				metadata,
				spec: {
					selector: { matchLabels: { app } },
					process: { matchDirectories: [{ dir: '/usr/bin/', recursive: true }] },
					file: { matchDirectories: [...directories, { dir: '/usr/bin/', recursive: true }] },
					action: 'Allow'
				}
			},
			{
				apiVersion: 'networking.k8s.io/v1',
				kind: 'NetworkPolicy',
				metadata,
				spec: {
					podSelector: { matchLabels: { app } },
					policyTypes: ['Egress'],
					egress: [
						{ to: [{ podSelector: { matchLabels: { app: 'db' } } }], ports: [{ port: 5432 }] },
						{ to: [{ ipBlock: { cidr: '10.64.0.0/10' } }], ports: [{ port: 443 }] }
					]
				}
			}
		]
	})
}

function behaviourOf(w: number, i: number): { verb: string; text: string; isOutside: boolean } {
	const isOutside = i % OUTSIDE_EVERY === OUTSIDE_EVERY - 1
	if (i % NETWORK_EVERY === 3) {
		const address = `10.${isOutside ? 200 : 64 + ((i >> 16) & 31)}.${(i >> 8) & 255}.${i & 255}`
		return {
			verb: 'connect',
			text: `egress/tcp/${isOutside ? 22 : 443}/${address}`,
			isOutside
		}
	}
	if (i % EXEC_EVERY === 0) {
		return { verb: 'exec', text: `/${isOutside ? 'opt' : 'usr/bin'}/tool-${w}-${i}`, isOutside }
	}
	const folder = isOutside ? '/var/other' : `/srv/data/${i % DIRECTORIES}/w${w}`
	return {
		verb: i % 3 === 0 ? 'write' : 'read',
		text: `${folder}/part-${i % 101}/file-${w}-${i}.dat`,
		isOutside
	}
}
