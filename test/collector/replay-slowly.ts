import { storePath } from '../../collector/database.js'
import { replayFiles } from '../../collector/sources/replay/replay-files.js'
import { openWriter } from '../../collector/writer.js'

/** Run by replay.test.ts, which kills it: says so whenever a batch is stored. */
const [data = '', file = '', nowMs = ''] = process.argv.slice(2)
const writer = await openWriter({ path: storePath(data), thread: true })
await replayFiles([file], writer, {
	nowMs: Number(nowMs),
	onProgress: () => process.stdout.write('stored\n')
})
await new Promise((resolve) => setTimeout(resolve, 60_000))
