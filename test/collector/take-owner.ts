import { once } from 'node:events'
import { StoreError } from '../../collector/errors.js'
import { acquireOwner, type Ownership } from '../../collector/owner.js'

/** Run by store.test.ts: tries to own argument 1, says how it went, and holds it until its input ends. */
let ownership: Ownership | undefined
try {
	ownership = acquireOwner(process.argv[2] ?? '', '')
	process.stdout.write('taken\n')
} catch (error) {
	if (!(error instanceof StoreError)) throw error
	process.stdout.write(`${error.code}\n`)
}
process.stdin.resume()
await once(process.stdin, 'end')
ownership?.release()
