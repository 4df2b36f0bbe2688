import { type Application, LOADED, names, some } from './application.js'

/** nginx as a reverse proxy with static files, a disk cache, buffers for large bodies, and TLS. */
export const nginx: Application = {
	kind: 'nginx',
	files: (random) => [
		...names(random, 80).map((name) => `/usr/share/nginx/html/assets/${name}.js`),
		...names(random, 80).map((name) => `/usr/share/nginx/html/img/${name}.png`),
		...names(random, 30).map((name) => `/usr/share/nginx/html/${name}.html`),
		...names(random, 8).map((name) => `/etc/nginx/conf.d/${name}.conf`)
	],
	start: [
		...LOADED,
		'exec /usr/sbin/nginx by /usr/bin/dash',
		...some(9, 'read {file:/usr/lib/x86_64-linux-gnu}'),
		'read /etc/nginx/nginx.conf',
		'read /etc/nginx/mime.types',
		'read /etc/nginx/proxy_params',
		...some(4, 'read {file:/etc/nginx/conf.d}'),
		'read /etc/nginx/tls/tls.crt',
		'read /etc/nginx/tls/tls.key',
		'create /run/nginx.pid',
		'write /run/nginx.pid',
		'write /var/log/nginx/access.log',
		'write /var/log/nginx/error.log',
		'bind ingress/tcp/443/any',
		'listen ingress/tcp/443/any',
		'bind ingress/tcp/80/any',
		'listen ingress/tcp/80/any',
		'capability CAP_NET_BIND_SERVICE',
		'capability CAP_SETUID',
		'capability CAP_SETGID',
		'capability CAP_CHOWN'
	],
	branches: [
		['capability CAP_DAC_OVERRIDE', 'mkdir /var/lib/nginx/proxy'],
		['read {file:/usr/lib/x86_64-linux-gnu/gconv}'],
		['read {file:/usr/share/zoneinfo}'],
		[
			'exec /usr/bin/find by /usr/bin/dash',
			'exec /usr/bin/sed by /usr/bin/dash',
			'write /etc/nginx/conf.d/default.conf by /usr/bin/sed'
		],
		['read /proc/cpuinfo']
	],
	ordinary: [
		{ weight: 8, acts: ['read {file:/usr/share/nginx/html/assets}'] },
		{ weight: 8, acts: ['read {file:/usr/share/nginx/html/img}'] },
		{ weight: 5, acts: ['read {file:/usr/share/nginx/html}'] },
		{
			weight: 3,
			acts: [
				'create /var/lib/nginx/proxy/{under500}/{hex2}/{digits10}',
				'write /var/lib/nginx/proxy/{under500}/{hex2}/{digits10}',
				'delete /var/lib/nginx/proxy/{under500}/{hex2}/{digits10}'
			]
		},
		{
			weight: 2,
			acts: [
				'create /var/lib/nginx/body/{digits10}',
				'write /var/lib/nginx/body/{digits10}',
				'read /var/lib/nginx/body/{digits10}',
				'delete /var/lib/nginx/body/{digits10}'
			]
		},
		{
			weight: 3,
			acts: [
				'create /var/cache/nginx/{hex2}/{hex32}',
				'write /var/cache/nginx/{hex2}/{hex32}',
				'read /var/cache/nginx/{hex2}/{hex32}',
				'rename /var/cache/nginx/{hex2}/{hex32}'
			]
		},
		{ weight: 3, acts: ['connect egress/tcp/9000/workload:shop/Deployment/php'] },
		{ weight: 3, acts: ['connect egress/tcp/8000/workload:front/Deployment/api'] },
		{ weight: 2, acts: ['connect egress/tcp/3000/workload:front/Deployment/{build:hex2}'] },
		{ weight: 3, acts: ['accept ingress/tcp/443/cidr:192.168.7.{of40}/32'] },
		{ weight: 2, acts: ['accept ingress/tcp/80/cidr:192.168.7.{of40}/32'] },
		{ weight: 1, acts: ['write /var/log/nginx/error.log'] }
	],
	jobs: [
		{
			name: 'log rotation',
			everyHours: 24,
			share: 0.8,
			acts: [
				'exec /usr/sbin/logrotate',
				'rename /var/log/nginx/access.log by /usr/sbin/logrotate',
				'create /var/log/nginx/access.log.1 by /usr/sbin/logrotate',
				'create /var/log/nginx/access.log',
				'exec /usr/bin/gzip by /usr/sbin/logrotate'
			]
		},
		{ name: 'health report', everyHours: 1, share: 0.3, acts: ['read /usr/share/nginx/html/index.html'] },
		{
			name: 'weekly cache purge',
			everyHours: 168,
			share: 0.4,
			acts: ['delete /var/cache/nginx/{hex2}/{hex32}', 'list /var/cache/nginx']
		},
		{
			name: 'monthly archive',
			everyHours: 720,
			share: 0.2,
			acts: ['exec /usr/bin/tar by /usr/bin/dash', 'create /var/backups/nginx-{date}.tar by /usr/bin/tar']
		}
	],
	rare: [
		{
			name: 'reload',
			everyDays: 8,
			share: 0.9,
			acts: [
				'read /etc/nginx/nginx.conf',
				'exec /usr/sbin/nginx',
				'read {file:/etc/nginx/conf.d}',
				'read {file:/etc/nginx/conf.d}'
			]
		},
		{
			name: 'certificate renewal',
			everyDays: 30,
			share: 0.7,
			acts: [
				'exec /usr/bin/openssl',
				'create /etc/nginx/tls/tls.crt.new by /usr/bin/openssl',
				'read /etc/nginx/tls/tls.key by /usr/bin/openssl',
				'resolve acme.example.org',
				'connect egress/tcp/443/cidr:198.51.100.{build:of30}/32'
			]
		},
		{
			name: 'admin endpoint',
			everyDays: 15,
			share: 0.5,
			acts: ['read {file:/usr/share/nginx/html}', 'read /etc/nginx/.htpasswd']
		},
		{
			name: 'backend failover',
			everyDays: 30,
			share: 0.5,
			acts: ['connect egress/tcp/8000/workload:front/Deployment/api-b']
		},
		{ name: 'deploy', everyDays: 14, share: 0.7, restart: true, acts: ['read {file:/etc/nginx/conf.d}'] }
	]
}
