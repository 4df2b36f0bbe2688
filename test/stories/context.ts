import { join } from 'node:path'
import { openReader } from '../../collector/reader.js'
import { replayFiles } from '../../collector/sources/replay/replay-files.js'
import { openWriter } from '../../collector/writer.js'
import { discover } from '../../discovery/discover.js'
import type { OperationContext } from '../../web/operations/operation.js'
import { inputsOf } from './inputs.js'
import { inFolder } from './outcome.js'

/** The day after the last one of every story. */
export const NOW_MS = Date.UTC(2025, 10, 6)

/** Replays a story, learns from it, and lets `work` ask what people ask. */
export async function withStory<Value>(
	story: string,
	work: (context: OperationContext) => Promise<Value>
): Promise<Value> {
	return inFolder(async (folder) => {
		const path = join(folder, 'default', 'whittle.db')
		const writer = await openWriter({ path, thread: false })
		try {
			for (const file of inputsOf(story)) await replayFiles([file], writer, { nowMs: NOW_MS })
			const reader = openReader(path)
			try {
				await discover(reader, writer, NOW_MS)
				return await work({
					reader,
					writer,
					sensor: null,
					actor: 'local:test',
					nowMs: () => NOW_MS,
					dataDir: folder,
					sources: () => []
				})
			} finally {
				reader.close()
			}
		} finally {
			await writer.close()
		}
	})
}
