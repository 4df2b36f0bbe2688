import type { Command } from 'commander'
import type { z } from 'zod'
import { type Client, connect } from './client.js'
import { type Format, type Style, styleOf } from './output.js'

/** What every data verb needs: the client, how to print, and whether it may ask. */
export interface Context {
	client: Client
	format: Format
	style: Style
	/** True when a person is there who can answer. */
	canAsk: boolean
}

/** Opens what a verb needs, runs it, and closes it again, whatever happens. */
export async function withContext(
	command: Command,
	work: (context: Context) => Promise<void>
): Promise<void> {
	const options = command.optsWithGlobals<{ data?: string; color: string; output?: Format; input: boolean }>()
	const client = await connect(dataFolder(options.data))
	try {
		await work({
			client,
			format: options.output ?? 'table',
			style: styleOf(options.color, Date.now()),
			canAsk: options.input && process.stdin.isTTY === true
		})
	} finally {
		await client.close()
	}
}

/** `--data`, else WHITTLE_DATA (commander reads it), else `.whittle` in this directory. */
export function dataFolder(option: string | undefined): string {
	return option === undefined || option === '' ? '.whittle' : option
}

/** Every page of a listing operation, one after the other. */
export async function* pages<T>(
	client: Client,
	operation: string,
	input: Record<string, unknown>,
	shape: z.ZodType<{ items: T[]; continue: string | null }>
): AsyncGenerator<T[]> {
	let next: string | undefined
	do {
		const page = await client.call(
			operation,
			{ limit: 500, ...input, ...(next === undefined ? {} : { continue: next }) },
			shape
		)
		yield page.items
		next = page.continue ?? undefined
	} while (next !== undefined)
}
