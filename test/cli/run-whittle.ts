import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))))
const bin = join(root, 'bin', 'whittle')

export interface Ended {
	code: number | null
	stdout: string
	stderr: string
}

/** Runs the real `bin/whittle` as a child, without the colours and settings of whoever runs the tests. */
export function whittle(
	args: string[],
	{ env = {}, input = '', cwd = root }: { env?: Record<string, string>; input?: string; cwd?: string } = {}
): Promise<Ended> {
	const { WHITTLE_DATA: _, FORCE_COLOR: __, NO_COLOR: ___, ...clean } = process.env
	const child = spawn(bin, args, { cwd, env: { ...clean, ...env } })
	let stdout = ''
	let stderr = ''
	child.stdout.setEncoding('utf8').on('data', (text: string) => {
		stdout += text
	})
	child.stderr.setEncoding('utf8').on('data', (text: string) => {
		stderr += text
	})
	// A child that ends without reading its input closes the pipe; that is its right.
	child.stdin.on('error', (error: NodeJS.ErrnoException) => {
		if (error.code !== 'EPIPE') throw error
	})
	child.stdin.end(input)
	return new Promise((resolve, reject) => {
		child.on('error', reject)
		child.on('close', (code) => resolve({ code, stdout, stderr }))
	})
}

/** A folder of its own for one test, removed when it ends. */
export function scratch(t: { after(work: () => void): void }): string {
	const folder = mkdtempSync(join(tmpdir(), 'whittle-cli-test-'))
	t.after(() => rmSync(folder, { recursive: true }))
	return folder
}
