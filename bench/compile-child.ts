import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

/**
 * What users run is compiled, so that is what is measured: `bench/NAME.ts` and all that it imports, below
 * the package, where it finds its modules. Returns the path of the compiled file.
 */
export async function compileChild(name: string): Promise<string> {
	const root = fileURLToPath(new URL('..', import.meta.url))
	const outDir = join(root, '.cache', 'bench')
	const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc')
	await promisify(execFile)(process.execPath, [
		tsc,
		'-p',
		join(root, 'tsconfig.json'),
		'--outDir',
		outDir,
		'--noCheck'
	])
	return join(outDir, 'bench', `${name}.js`)
}
