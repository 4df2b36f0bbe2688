import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { packageRoot } from '../../../native/addon.js'

/** Runs the launcher of the product; it must end well. */
export function whittle(args: string[]): { stdout: string; stderr: string } {
	const ended = spawnSync(join(packageRoot(), 'bin', 'whittle'), args, { encoding: 'utf8' })
	assert.equal(ended.status, 0, `${ended.stderr}${ended.error ?? ''}`)
	return ended
}
