import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Batch } from '../../collector/observation.js'
import { kernelSource } from '../../collector/sources/kernel/source.js'
import { connectSensor, startSensor } from '../../native/connection.js'
import { launchCommand } from '../../native/launch-client.js'
import { sourceContract } from '../collector/source.contract.js'
import { unitOf } from './kernel.js'

const secret = 'S3cr3tV4lue'
const ended = 'after-the-secret'

/** The real sensor and a command that does a bit of everything, with the secret wherever an argument can hold one. */
sourceContract({
	name: 'kernel',
	secret,
	async make(t) {
		if (process.getuid?.() !== 0) throw new Error('the kernel suite needs root: run it with sudo')
		const folder = mkdtempSync(join(tmpdir(), 'whittle-contract-'))
		const sensor = startSensor({ runDir: join(folder, 'run'), selfPids: [process.pid] })
		const gone = new Promise<void>((done) => sensor.process.on('exit', () => done()))
		t.after(async () => {
			sensor.socket.destroy()
			await gone
			rmSync(folder, { recursive: true, force: true })
		})
		const connection = await connectSensor(sensor.socket)
		const source = kernelSource(connection, null)
		const script = `
			exec >/dev/null 2>&1
			env true --password=${secret}
			env DB_TOKEN=${secret} true postgres://app:${secret}@db/shop
			env true "$(printf 'split\\nline') \u202e"
			cat /etc/hostname /etc/whittle-is-not-here
			echo x > '${folder}/made'; mv '${folder}/made' '${folder}/moved'; rm '${folder}/moved'
			python3 -c 'import socket; socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"x", ("127.0.0.1", 9))'
			true`
		for (const [name, argv] of [
			['contract', ['sh', '-c', script]],
			[ended, ['true']]
		] as const) {
			const launched = await launchCommand(connection.hello.socket, {
				...{ name, argv: [...argv], folder: '/' },
				environment: ['PATH=/usr/sbin:/usr/bin:/sbin:/bin', `API_KEY=${secret}`]
			})
			await launched.ended
		}
		return source
	},
	/** What ran last is counted in the same drain as what ran before it, or in a later one; and two tell of an order. */
	isAll(batches: readonly Batch[]) {
		return (
			batches.length > 1 &&
			batches.some(({ sightings }) => sightings.some((one) => unitOf(one) === `/whittle-learn/${ended}`))
		)
	}
})
