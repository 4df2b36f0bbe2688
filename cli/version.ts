import { createRequire } from 'node:module'
import { release } from 'node:os'
import type { Command } from 'commander'
import { addOutputOption, type Format, printOne } from './output.js'

export function define(command: Command): void {
	command.action((options: { output: Format }) => {
		const manifest: unknown = createRequire(import.meta.url)('../../package.json')
		const version =
			typeof manifest === 'object' && manifest !== null && 'version' in manifest
				? String(manifest.version)
				: '?'
		const found = {
			whittle: version,
			node: process.version,
			platform: process.platform,
			arch: process.arch,
			kernel: release()
		}
		return printOne(found, options.output, { name: (item) => `whittle/${item.whittle}` }, () =>
			Object.entries(found)
				.map(([name, value]) => `${name.padEnd(9)} ${value}\n`)
				.join('')
		)
	})
	addOutputOption(command, ['table', 'json', 'yaml'])
}
