import { type Application, LOADED, some } from './application.js'

const POSTGRES = '/usr/lib/postgresql/15/bin/postgres'

/** PostgreSQL 15 with write-ahead log archiving, autovacuum, sorts that spill to disk, a nightly dump. */
export const postgres: Application = {
	kind: 'postgres',
	files: () => [],
	start: [
		...LOADED,
		`exec ${POSTGRES} by /usr/bin/dash`,
		...some(14, 'read {file:/usr/lib/x86_64-linux-gnu}'),
		'read /usr/share/postgresql/15/timezonesets/Default',
		'read /var/lib/postgresql/data/postgresql.conf',
		'read /var/lib/postgresql/data/pg_hba.conf',
		'read /var/lib/postgresql/data/pg_ident.conf',
		'read /var/lib/postgresql/data/PG_VERSION',
		'read /var/lib/postgresql/data/global/pg_control',
		'write /var/lib/postgresql/data/global/pg_control',
		'create /var/lib/postgresql/data/postmaster.pid',
		'write /var/lib/postgresql/data/postmaster.pid',
		'delete /var/lib/postgresql/data/postmaster.pid',
		'create /run/postgresql/.s.PGSQL.5432.lock',
		'bind ingress/tcp/5432/any',
		'listen ingress/tcp/5432/any',
		'create /dev/shm/PostgreSQL.{digits8}',
		'write /dev/shm/PostgreSQL.{digits8}',
		'read /proc/<pid>/oom_score_adj'
	],
	branches: [
		['read /var/lib/postgresql/data/backup_label', 'delete /var/lib/postgresql/data/backup_label'],
		['read /var/lib/postgresql/data/pg_wal/{segment}', 'delete /var/lib/postgresql/data/pg_wal/{segment}'],
		['read {file:/usr/share/zoneinfo}'],
		['read {file:/usr/lib/x86_64-linux-gnu/gconv}'],
		['delete /var/lib/postgresql/data/base/pgsql_tmp/pgsql_tmp{under500}.{under500}'],
		['read /usr/lib/postgresql/15/lib/pg_stat_statements.so']
	],
	ordinary: [
		{
			weight: 14,
			acts: [
				'read /var/lib/postgresql/data/base/16384/{build:digits5}',
				'write /var/lib/postgresql/data/base/16384/{build:digits5}'
			]
		},
		{
			weight: 6,
			acts: [
				'read /var/lib/postgresql/data/base/16384/{build:digits5}_fsm',
				'read /var/lib/postgresql/data/base/16384/{build:digits5}_vm'
			]
		},
		{
			weight: 3,
			acts: [
				'create /var/lib/postgresql/data/base/16384/{digits5}',
				'write /var/lib/postgresql/data/base/16384/{digits5}',
				'delete /var/lib/postgresql/data/base/16384/{digits5}'
			]
		},
		{
			weight: 4,
			acts: [
				'write /var/lib/postgresql/data/pg_wal/{segment}',
				'create /var/lib/postgresql/data/pg_wal/{segment}',
				'rename /var/lib/postgresql/data/pg_wal/{segment}'
			]
		},
		{
			weight: 3,
			acts: [
				'create /var/lib/postgresql/data/base/pgsql_tmp/pgsql_tmp{under500}.{under500}',
				'write /var/lib/postgresql/data/base/pgsql_tmp/pgsql_tmp{under500}.{under500}',
				'delete /var/lib/postgresql/data/base/pgsql_tmp/pgsql_tmp{under500}.{under500}'
			]
		},
		{
			weight: 3,
			acts: [
				'create /dev/shm/PostgreSQL.{digits8}',
				'write /dev/shm/PostgreSQL.{digits8}',
				'delete /dev/shm/PostgreSQL.{digits8}'
			]
		},
		{
			weight: 3,
			acts: [
				'write /var/lib/postgresql/data/pg_xact/{build:hex2}',
				'read /var/lib/postgresql/data/pg_xact/{build:hex2}'
			]
		},
		{ weight: 3, acts: ['read {file:/usr/share/postgresql/15/tsearch_data}'] },
		{ weight: 2, acts: ['read {file:/usr/share/zoneinfo}'] },
		{
			weight: 2,
			acts: ['read {file:/usr/share/postgresql/15/extension}', 'read {file:/usr/lib/postgresql/15/lib}']
		},
		{ weight: 6, acts: ['accept ingress/tcp/5432/workload:shop/Deployment/{build:hex2}'] },
		{
			weight: 2,
			acts: [
				'write /var/log/postgresql/postgresql-{date}.log',
				'create /var/log/postgresql/postgresql-{date}.log'
			]
		}
	],
	jobs: [
		{
			name: 'archive',
			everyHours: 1,
			share: 0.6,
			acts: [
				'exec /usr/bin/dash',
				'exec /usr/bin/cp by /usr/bin/dash',
				'read /var/lib/postgresql/data/pg_wal/{segment} by /usr/bin/cp',
				'create /var/lib/postgresql/archive/{segment} by /usr/bin/cp',
				'write /var/lib/postgresql/archive/{segment} by /usr/bin/cp'
			]
		},
		{
			name: 'nightly dump',
			everyHours: 24,
			share: 0.5,
			acts: [
				'exec /usr/lib/postgresql/15/bin/pg_dump by /usr/bin/dash',
				'create /var/backups/shop-{date}.dump by /usr/lib/postgresql/15/bin/pg_dump',
				'write /var/backups/shop-{date}.dump by /usr/lib/postgresql/15/bin/pg_dump',
				'connect egress/tcp/5432/cidr:127.0.0.1/32 by /usr/lib/postgresql/15/bin/pg_dump'
			]
		},
		{
			name: 'weekly base backup',
			everyHours: 168,
			share: 0.5,
			acts: [
				'exec /usr/lib/postgresql/15/bin/pg_basebackup by /usr/bin/dash',
				'create /var/lib/postgresql/data/backup_label',
				'connect egress/tcp/443/cidr:198.51.100.{build:of40}/32 by /usr/lib/postgresql/15/bin/pg_basebackup'
			]
		},
		{
			name: 'monthly reindex',
			everyHours: 720,
			share: 0.2,
			acts: [
				'exec /usr/lib/postgresql/15/bin/reindexdb by /usr/bin/dash',
				'read /usr/lib/postgresql/15/lib/amcheck.so'
			]
		}
	],
	rare: [
		{
			name: 'administrator',
			everyDays: 14,
			share: 0.6,
			acts: [
				'read {file:/usr/share/postgresql/15/extension}',
				'create /var/lib/postgresql/data/base/16384/{digits5}',
				'read {file:/usr/lib/postgresql/15/lib}'
			]
		},
		{
			name: 'configuration reload',
			everyDays: 15,
			share: 0.7,
			acts: [
				'read /var/lib/postgresql/data/postgresql.conf',
				'read /var/lib/postgresql/data/postgresql.auto.conf',
				'read /var/lib/postgresql/data/pg_hba.conf'
			]
		},
		{
			name: 'failover',
			everyDays: 30,
			share: 0.5,
			restart: true,
			acts: [
				'create /var/lib/postgresql/data/pg_wal/{digits8}.history',
				'read /var/lib/postgresql/data/standby.signal',
				'connect egress/tcp/5432/workload:shop/StatefulSet/postgres-b'
			]
		},
		{
			name: 'certificate renewal',
			everyDays: 40,
			share: 0.5,
			acts: ['read /etc/postgresql/tls/tls.crt', 'read /etc/postgresql/tls/tls.key']
		},
		{
			name: 'error path',
			everyDays: 12,
			share: 0.6,
			acts: [
				'read {file:/usr/share/postgresql/15/timezonesets}',
				'create /var/lib/postgresql/data/core.{digits5}'
			]
		}
	]
}
