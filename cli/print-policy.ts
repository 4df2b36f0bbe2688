import { ManifestPage, WorkloadPage } from '../web/operations/shape.js'
import { connect } from './client.js'
import { pages } from './context.js'
import { Fault } from './fault.js'
import { note, print } from './output.js'

/** Prints the manifests for the workload of that cgroup, as one stream of YAML. */
export async function printPolicy(data: string, cgroup: string, language: string): Promise<void> {
	const client = await connect(data)
	const ids: number[] = []
	for await (const page of pages(client, 'listWorkloads', {}, WorkloadPage)) {
		ids.push(...page.filter((workload) => workload.cgroup === cgroup).map((workload) => workload.id))
	}
	const [id] = ids
	if (id === undefined) {
		throw new Fault(
			'finding',
			'learn.nothing',
			'The command did nothing that the sensor saw, so there is no policy.',
			'Look with "whittle probe" at what this kernel lets it see.'
		)
	}
	const { items, notes } = await client.call(
		'listManifests',
		{ workload: String(id), language },
		ManifestPage
	)
	for (const one of notes) note(`${one.severity}: ${one.text}`)
	if (items.length === 0) {
		throw new Fault(
			'finding',
			'learn.not-carried',
			`${language} cannot carry what was learned; the reasons are above.`,
			'Try another --language.'
		)
	}
	print(items.map(({ yaml }) => `---\n${yaml.replace(/^---\n/, '')}`).join(''))
}
