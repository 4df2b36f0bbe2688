import { type Application, LOADED, names, some } from './application.js'

/** A Python service under gunicorn: imports at start and on first use, uploads, a model cache, an object store. */
export const python: Application = {
	kind: 'python',
	files: (random) => [
		...names(random, 70).map((name) => `/app/service/${name}.py`),
		...names(random, 70).map((name) => `/app/service/__pycache__/${name}.cpython-311.pyc`),
		...names(random, 30).map((name) => `/app/templates/${name}.html`),
		...names(random, 25).map((name) => `/app/data/${name}.json`),
		'/app/settings.toml',
		'/app/requirements.txt'
	],
	start: [
		...LOADED,
		'exec /usr/bin/gunicorn by /usr/bin/dash',
		'exec /usr/bin/python3.11 by /usr/bin/dash',
		...some(16, 'read {file:/usr/lib/x86_64-linux-gnu}'),
		...some(40, 'read {file:/usr/lib/python3.11}'),
		...some(30, 'read {file:/usr/lib/python3/dist-packages}'),
		...some(20, 'read {file:/app/service}'),
		'read /app/settings.toml',
		'bind ingress/tcp/8000/any',
		'listen ingress/tcp/8000/any',
		'create /tmp/wgunicorn-{low8}',
		'chmod /tmp/wgunicorn-{low8}',
		'delete /tmp/wgunicorn-{low8}',
		'read /run/secrets/kubernetes.io/serviceaccount/ca.crt'
	],
	branches: [
		some(4, 'read {file:/usr/lib/python3/dist-packages}'),
		some(3, 'read {file:/usr/lib/python3.11/encodings}'),
		['read {file:/usr/share/zoneinfo}'],
		[
			'create /app/service/__pycache__/{build:low8}.cpython-311.pyc.{digits10}',
			'rename /app/service/__pycache__/{build:low8}.cpython-311.pyc.{digits10}'
		],
		['exec /usr/bin/uname', 'read /proc/meminfo by /usr/bin/uname'],
		['read /proc/cpuinfo', 'read /proc/stat']
	],
	ordinary: [
		{ weight: 9, acts: ['read {file:/app/service}'] },
		{ weight: 6, acts: ['read {file:/app/templates}'] },
		{ weight: 4, acts: ['read {file:/app/data}'] },
		{
			weight: 8,
			acts: ['read {file:/usr/lib/python3/dist-packages}', 'read {file:/usr/lib/python3/dist-packages}']
		},
		{ weight: 6, acts: ['read {file:/usr/lib/python3.11}'] },
		{ weight: 2, acts: ['read {file:/usr/share/zoneinfo}'] },
		{
			weight: 3,
			acts: ['create /tmp/tmp{low8}', 'write /tmp/tmp{low8}', 'read /tmp/tmp{low8}', 'delete /tmp/tmp{low8}']
		},
		{
			weight: 2,
			acts: [
				'create /app/uploads/{uuid}.bin',
				'write /app/uploads/{uuid}.bin',
				'read /app/uploads/{uuid}.bin'
			]
		},
		{
			weight: 2,
			acts: [
				'create /app/cache/{hex2}/{hex32}',
				'write /app/cache/{hex2}/{hex32}',
				'read /app/cache/{hex2}/{hex32}'
			]
		},
		{ weight: 3, acts: ['connect egress/tcp/5432/workload:data/StatefulSet/postgres'] },
		{ weight: 2, acts: ['connect egress/tcp/6379/workload:data/Deployment/redis'] },
		{ weight: 2, acts: ['resolve objects.example.net', 'connect egress/tcp/443/cidr:192.0.2.{of24}/32'] },
		{
			weight: 2,
			acts: ['resolve {build:low6}.example.org', 'connect egress/tcp/443/cidr:198.51.100.{build:of120}/32']
		},
		{
			weight: 2,
			acts: [
				'request GET inventory.data/v1/items/{under500}',
				'connect egress/tcp/8080/workload:data/Deployment/inventory'
			]
		},
		{ weight: 4, acts: ['accept ingress/tcp/8000/workload:front/Deployment/gateway'] }
	],
	jobs: [
		{
			name: 'metrics flush',
			everyHours: 1,
			share: 0.4,
			acts: ['write /app/var/metrics.json', 'create /app/var/metrics.json']
		},
		{
			name: 'nightly import',
			everyHours: 24,
			share: 0.5,
			acts: [
				'create /app/import/{date}.csv',
				'write /app/import/{date}.csv',
				'read /app/import/{date}.csv',
				'connect egress/tcp/22/cidr:203.0.113.{build:of50}/32'
			]
		},
		{
			name: 'weekly backup',
			everyHours: 168,
			share: 0.4,
			acts: [
				'exec /usr/bin/tar',
				'create /var/backups/app-{date}.tar by /usr/bin/tar',
				'write /var/backups/app-{date}.tar by /usr/bin/tar'
			]
		},
		{
			name: 'monthly statement',
			everyHours: 720,
			share: 0.2,
			acts: ['read {file:/app/templates}', 'create /app/statements/{day}.pdf']
		}
	],
	rare: [
		{
			name: 'admin endpoint',
			everyDays: 12,
			share: 0.7,
			acts: [
				'read {file:/app/service}',
				'read {file:/app/templates}',
				'read {file:/usr/lib/python3/dist-packages}'
			]
		},
		{
			name: 'locale tail',
			everyDays: 10,
			share: 0.8,
			acts: ['read {file:/usr/lib/python3.11/encodings}', 'read {file:/usr/share/zoneinfo}']
		},
		{
			name: 'error path',
			everyDays: 9,
			share: 0.8,
			acts: [
				'read /usr/lib/python3.11/traceback.py',
				'read /usr/lib/python3.11/linecache.py',
				'read {file:/app/service}'
			]
		},
		{
			name: 'certificate renewal',
			everyDays: 40,
			share: 0.5,
			acts: ['read /etc/ssl/certs/ca-certificates.crt', 'read {file:/usr/share/ca-certificates/mozilla}']
		},
		{ name: 'deploy', everyDays: 14, share: 0.8, restart: true, acts: ['read /app/requirements.txt'] }
	]
}
