import { type Application, LOADED, names, some } from './application.js'

const PACKAGES =
	'express lodash axios knex pg winston moment uuid sharp ajv jsonwebtoken socket.io redis'.split(' ')

/** A Node.js API: modules loaded at start and on first use, image thumbnails, logs by day, several back ends. */
export const node: Application = {
	kind: 'node',
	files: (random) => [
		...names(random, 50).map((name) => `/app/src/routes/${name}.js`),
		...names(random, 50).map((name) => `/app/src/services/${name}.js`),
		...names(random, 30).map((name) => `/app/public/${name}.css`),
		...names(random, 20).map((name) => `/app/locales/${name}.json`),
		...random
			.sample(PACKAGES, 9)
			.flatMap((name) =>
				names(random, random.integer(10, 80)).map((file) => `/app/node_modules/${name}/lib/${file}.js`)
			),
		...PACKAGES.map((name) => `/app/node_modules/${name}/package.json`),
		'/app/package.json',
		'/app/.env'
	],
	start: [
		...LOADED,
		'exec /usr/bin/node by /usr/bin/dash',
		...some(10, 'read {file:/usr/lib/x86_64-linux-gnu}'),
		...some(60, 'read {file:/app/node_modules}'),
		...some(25, 'read {file:/app/src}'),
		'read /app/package.json',
		'read /app/.env',
		'read /sys/fs/cgroup/memory.max',
		'read /proc/meminfo',
		'read /proc/<pid>/stat',
		'bind ingress/tcp/3000/any',
		'listen ingress/tcp/3000/any'
	],
	branches: [
		some(5, 'read {file:/app/node_modules}'),
		some(2, 'read {file:/app/src}'),
		['read /proc/cpuinfo', 'read /sys/fs/cgroup/cpu.max'],
		['exec /usr/bin/dash', 'exec /usr/bin/uname by /usr/bin/dash'],
		['read /etc/ssl/certs/ca-certificates.crt', 'read {file:/usr/share/ca-certificates/mozilla}'],
		['create /tmp/node-compile-cache/{build:hex16}', 'write /tmp/node-compile-cache/{build:hex16}']
	],
	ordinary: [
		{ weight: 9, acts: ['read {file:/app/node_modules}', 'read {file:/app/node_modules}'] },
		{ weight: 7, acts: ['read {file:/app/src}'] },
		{ weight: 5, acts: ['read {file:/app/public}'] },
		{ weight: 3, acts: ['read {file:/app/locales}'] },
		{ weight: 1, acts: ['read {file:/usr/share/zoneinfo}'] },
		{
			weight: 3,
			acts: [
				'create /tmp/upload_{hex32}',
				'write /tmp/upload_{hex32}',
				'read /tmp/upload_{hex32}',
				'delete /tmp/upload_{hex32}'
			]
		},
		{
			weight: 2,
			acts: [
				'create /app/thumbnails/{under500}/{uuid}.webp',
				'write /app/thumbnails/{under500}/{uuid}.webp',
				'read /app/thumbnails/{under500}/{uuid}.webp'
			]
		},
		{ weight: 2, acts: ['write /app/logs/app-{date}.log', 'create /app/logs/app-{date}.log'] },
		{ weight: 3, acts: ['connect egress/tcp/5432/workload:data/StatefulSet/postgres'] },
		{
			weight: 3,
			acts: [
				'connect egress/tcp/8080/workload:front/Deployment/{build:hex2}',
				'request GET {build:low5}.front/api/v2/items/{uuid}'
			]
		},
		{ weight: 2, acts: ['resolve api.example.com', 'connect egress/tcp/443/cidr:203.0.113.{of60}/32'] },
		{
			weight: 2,
			acts: ['resolve r{under500}.cdn.example.net', 'connect egress/tcp/443/cidr:192.0.2.{of30}/32']
		},
		{ weight: 2, acts: ['request POST {build:low5}.front/api/v2/orders'] },
		{ weight: 4, acts: ['accept ingress/tcp/3000/workload:front/Deployment/gateway'] }
	],
	jobs: [
		{
			name: 'sync',
			everyHours: 1,
			share: 0.5,
			acts: ['connect egress/tcp/443/cidr:198.51.100.{build:of20}/32', 'read {file:/app/src}']
		},
		{
			name: 'sitemap',
			everyHours: 24,
			share: 0.5,
			acts: ['create /app/public/sitemap.xml', 'write /app/public/sitemap.xml', 'read {file:/app/src}']
		},
		{
			name: 'weekly digest',
			everyHours: 168,
			share: 0.4,
			acts: [
				'read {file:/app/locales}',
				'connect egress/tcp/587/service:mail/relay',
				'read {file:/app/node_modules}'
			]
		},
		{
			name: 'monthly export',
			everyHours: 720,
			share: 0.2,
			acts: ['create /app/exports/{day}.ndjson', 'read {file:/app/src}']
		}
	],
	rare: [
		{
			name: 'admin endpoint',
			everyDays: 12,
			share: 0.7,
			acts: [
				'read {file:/app/src}',
				'read {file:/app/node_modules}',
				'connect egress/tcp/9200/workload:data/StatefulSet/search'
			]
		},
		{
			name: 'heap snapshot',
			everyDays: 25,
			share: 0.4,
			acts: ['create /app/Heap.{day}.{digits5}.heapsnapshot', 'write /app/Heap.{day}.{digits5}.heapsnapshot']
		},
		{
			name: 'error path',
			everyDays: 9,
			share: 0.8,
			acts: ['read {file:/app/src}', 'write /app/logs/error.log', 'create /app/logs/error.log']
		},
		{
			name: 'back-end failover',
			everyDays: 30,
			share: 0.5,
			acts: ['connect egress/tcp/5432/workload:data/StatefulSet/postgres-replica']
		},
		{
			name: 'deploy',
			everyDays: 14,
			share: 0.8,
			restart: true,
			acts: ['read {file:/app/node_modules}', 'read {file:/app/src}']
		}
	]
}
