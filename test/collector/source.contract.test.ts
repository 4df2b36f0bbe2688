import { join } from 'node:path'
import { ReplaySource } from '../../collector/sources/replay/replay.js'
import { NOW_MS, writeRecordings } from './recordings.js'
import { sourceContract } from './source.contract.js'
import { temporaryFolder } from './stores.js'

sourceContract({
	name: 'replay',
	secret: 'S3cr3tV4lue',
	async make(t) {
		const folder = temporaryFolder(t)
		const names = await writeRecordings(folder)
		return new ReplaySource({ files: names.map((name) => join(folder, name)), nowMs: NOW_MS })
	}
})
