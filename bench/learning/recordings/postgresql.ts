import { execFileSync } from 'node:child_process'
import { appendFileSync, mkdirSync, rmSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Launch, Running } from '../../../fixtures/scenario.js'
import { countIn, until, untilFileSays } from '../../../fixtures/wait.mjs'
import type { Driver } from './driver.js'

const FOLDER = '/tmp/whittle-recording-postgresql'
const PORT = 18483
const BIN = '/usr/lib/postgresql/15/bin'
const env = { PATH: '/usr/bin', LC_ALL: 'C', TZ: 'UTC0' }
const AS_POSTGRES = ['--reuid=postgres', '--regid=postgres', '--init-groups', '--']
const CLIENT = ['-h', '127.0.0.1', '-p', String(PORT), '-U', 'postgres', 'postgres']

/** As installed: random shared memory names, autovacuum, parallel workers, logs that rotate with the log level. */
const SETTINGS = `
port = ${PORT}
listen_addresses = '127.0.0.1'
unix_socket_directories = '${FOLDER}'
autovacuum_naptime = 1s
checkpoint_timeout = 30s
min_wal_size = 2MB
max_wal_size = 8MB
work_mem = 64kB
timezone = 'UTC'
log_timezone = 'UTC'
`

async function install(): Promise<void> {
	rmSync(FOLDER, { recursive: true, force: true })
	mkdirSync(FOLDER, { mode: 0o755 })
	execFileSync('chown', ['postgres:postgres', FOLDER])
	const initdb = [`${BIN}/initdb`, '-D', `${FOLDER}/data`, '-E', 'UTF8', '--locale=C', '--wal-segsize=1']
	execFileSync('setpriv', [...AS_POSTGRES, ...initdb, '-A', 'trust', '-U', 'postgres', '--no-sync'], {
		env,
		cwd: FOLDER,
		stdio: ['ignore', 'ignore', 'pipe']
	})
	appendFileSync(`${FOLDER}/data/postgresql.conf`, SETTINGS)
}

async function start(launch: Launch): Promise<Running> {
	const argv = [`${BIN}/postgres`, '-D', `${FOLDER}/data`]
	const server = await launch({ argv, user: 'postgres', cwd: FOLDER, env, ownNamespaces: true })
	await untilFileSays(`${FOLDER}/data/postmaster.pid`, 'ready')
	await sleep(500)
	return server
}

async function stop(server: Running): Promise<void> {
	server.signal('SIGINT')
	await server.ended
	await until('the server has removed its pid file', () => countIn(`${FOLDER}/data/postmaster.pid`, '') === 0)
}

/** A client outside the workload, as another pod is. */
function client(program: string, args: readonly string[]): void {
	execFileSync(`${BIN}/${program}`, args, { env, cwd: '/', stdio: ['ignore', 'ignore', 'pipe'] })
}

/** pgbench: tables made and filled at first, then its three kinds of transactions by four clients. */
const usual: Driver = {
	name: 'postgresql-a',
	runCount: 8,
	about: 'pgbench: its tables, then its three scripts with four clients',
	install,
	run: (index) => async (launch) => {
		const server = await start(launch)
		if (index === 0) client('pgbench', ['-i', '-s', '2', '-q', ...CLIENT])
		for (const script of ['tpcb-like', 'simple-update', 'select-only']) {
			client('pgbench', ['-n', '-b', script, '-t', '200', '-c', '4', ...CLIENT])
		}
		await stop(server)
	}
}

const STATEMENTS = [
	'SELECT abalance, count(*) FROM pgbench_accounts GROUP BY abalance ORDER BY 2 DESC LIMIT 5',
	'SELECT a.aid FROM pgbench_accounts a JOIN pgbench_accounts b USING (abalance) ORDER BY a.filler LIMIT 10',
	"SELECT now() AT TIME ZONE 'Europe/Berlin', to_tsvector('english', 'cats and dogs')",
	'CREATE TABLE IF NOT EXISTS notes (id serial PRIMARY KEY, words text)',
	'INSERT INTO notes (words) SELECT md5(n::text) FROM generate_series(1, 20000) n',
	'CREATE INDEX ON notes (words)',
	'VACUUM FULL pgbench_branches',
	'VACUUM ANALYZE',
	'SELECT pg_switch_wal()'
]

/** What people and nightly jobs do: psql with sorts and joins that spill, new tables, vacuum, a dump. */
const other: Driver = {
	name: 'postgresql-b',
	runCount: 4,
	about: 'psql: sorts that spill, new tables and indexes; vacuum; pg_dump of everything',
	run: () => async (launch) => {
		const server = await start(launch)
		for (const statement of STATEMENTS) client('psql', ['-X', '-q', '-c', statement, ...CLIENT])
		client('pg_dump', ['-f', '/dev/null', ...CLIENT])
		client('vacuumdb', ['-h', '127.0.0.1', '-p', String(PORT), '-U', 'postgres', '--all', '--freeze', '-q'])
		await stop(server)
	}
}

export const POSTGRESQL: readonly Driver[] = [usual, other]
