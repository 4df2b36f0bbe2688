import { type Application, LOADED, names, some } from './application.js'

/** A shop in PHP behind php-fpm: page cache, sessions, uploads, mail, a database and a payment API. */
export const php: Application = {
	kind: 'php',
	files: (random) => [
		...names(random, 60).map((name) => `/var/www/html/src/Controller/${name}.php`),
		...names(random, 90).map((name) => `/var/www/html/src/Entity/${name}.php`),
		...names(random, 80).map((name) => `/var/www/html/templates/${name}.twig`),
		...names(random, 40).map((name) => `/var/www/html/translations/${name}.yaml`),
		...random
			.sample(['symfony', 'doctrine', 'monolog', 'twig', 'guzzle', 'league'], 4)
			.flatMap((vendor) =>
				names(random, 120).map((name) => `/var/www/html/vendor/${vendor}/src/${name}.php`)
			),
		'/var/www/html/public/front.php',
		'/var/www/html/.env',
		'/var/www/html/config/services.yaml'
	],
	start: [
		...LOADED,
		'exec /usr/sbin/php-fpm8.2 by /usr/bin/dash',
		...some(18, 'read {file:/usr/lib/x86_64-linux-gnu}'),
		...some(12, 'read {file:/usr/lib/php/20220829}'),
		'read /etc/php/8.2/fpm/php-fpm.conf',
		'read /var/www/html/config/services.yaml',
		'read /var/www/html/.env',
		'write /run/php/php8.2-fpm.pid',
		'create /run/php/php8.2-fpm.pid',
		'write /var/log/php8.2-fpm.log',
		'listen ingress/tcp/9000/any',
		'bind ingress/tcp/9000/any',
		'capability CAP_SETUID',
		'capability CAP_SETGID',
		'read /proc/<pid>/status'
	],
	branches: [
		['read {file:/usr/share/zoneinfo}'],
		['read {file:/usr/lib/x86_64-linux-gnu/gconv}', 'read {file:/usr/lib/x86_64-linux-gnu/gconv}'],
		['create /var/www/html/var/cache/{build:hex8}.lock', 'delete /var/www/html/var/cache/{build:hex8}.lock'],
		['read {file:/var/www/html/vendor}', 'read {file:/var/www/html/vendor}'],
		['capability CAP_CHOWN', 'chown /run/php/php8.2-fpm.sock'],
		['read /proc/cpuinfo'],
		['exec /usr/bin/php8.2 by /usr/bin/dash', 'write /var/www/html/var/cache/container.php']
	],
	ordinary: [
		{ weight: 10, acts: ['read {file:/var/www/html/src}'] },
		{ weight: 10, acts: ['read {file:/var/www/html/vendor}', 'read {file:/var/www/html/vendor}'] },
		{ weight: 7, acts: ['read {file:/var/www/html/templates}'] },
		{ weight: 3, acts: ['read {file:/var/www/html/translations}'] },
		{ weight: 2, acts: ['read {file:/usr/share/zoneinfo}'] },
		{
			weight: 3,
			acts: [
				'create /var/www/html/var/cache/pools/{hex2}/{hex16}',
				'write /var/www/html/var/cache/pools/{hex2}/{hex16}',
				'read /var/www/html/var/cache/pools/{hex2}/{hex16}'
			]
		},
		{
			weight: 3,
			acts: [
				'create /var/lib/php/sessions/sess_{low26}',
				'write /var/lib/php/sessions/sess_{low26}',
				'read /var/lib/php/sessions/sess_{low26}'
			]
		},
		{ weight: 2, acts: ['create /tmp/php{rand6}', 'write /tmp/php{rand6}', 'delete /tmp/php{rand6}'] },
		{
			weight: 1,
			acts: [
				'create /var/www/html/public/uploads/{date}/{hex32}.jpg',
				'write /var/www/html/public/uploads/{date}/{hex32}.jpg'
			]
		},
		{ weight: 3, acts: ['connect egress/tcp/3306/workload:shop/StatefulSet/mysql'] },
		{ weight: 3, acts: ['connect egress/tcp/6379/workload:shop/Deployment/redis'] },
		{
			weight: 2,
			acts: ['resolve {build:low8}.example.com', 'connect egress/tcp/443/cidr:198.51.100.{of9}/32']
		},
		{ weight: 1, acts: ['connect egress/tcp/443/cidr:203.0.113.{build:of200}/32'] },
		{ weight: 4, acts: ['accept ingress/tcp/9000/workload:shop/Deployment/nginx'] },
		{
			weight: 1,
			acts: [
				'exec /usr/bin/dash',
				'exec /usr/sbin/sendmail by /usr/bin/dash',
				'connect egress/tcp/25/service:mail/relay by /usr/sbin/sendmail'
			]
		}
	],
	jobs: [
		{
			name: 'cron.php',
			everyHours: 1,
			share: 0.5,
			acts: [
				'exec /usr/bin/php8.2',
				'read {file:/var/www/html/src} by /usr/bin/php8.2',
				'write /var/www/html/var/log/cron.log by /usr/bin/php8.2'
			]
		},
		{
			name: 'log rotation',
			everyHours: 24,
			share: 0.6,
			acts: [
				'rename /var/log/php8.2-fpm.log by /usr/sbin/logrotate',
				'exec /usr/sbin/logrotate',
				'exec /usr/bin/gzip by /usr/sbin/logrotate',
				'create /var/log/php8.2-fpm.log.1 by /usr/sbin/logrotate'
			]
		},
		{
			name: 'weekly report',
			everyHours: 168,
			share: 0.4,
			acts: [
				'create /var/www/html/var/report/{date}.csv',
				'write /var/www/html/var/report/{date}.csv',
				'connect egress/tcp/25/service:mail/relay'
			]
		},
		{
			name: 'monthly billing',
			everyHours: 720,
			share: 0.2,
			acts: [
				'read {file:/var/www/html/src}',
				'create /var/www/html/var/billing/{day}.pdf',
				'connect egress/tcp/22/cidr:192.0.2.{build:of90}/32'
			]
		}
	],
	rare: [
		{
			name: 'admin endpoint',
			everyDays: 12,
			share: 0.7,
			acts: [
				'read {file:/var/www/html/src}',
				'read {file:/var/www/html/templates}',
				'read {file:/var/www/html/vendor}'
			]
		},
		{
			name: 'error path',
			everyDays: 9,
			share: 0.8,
			acts: [
				'read {file:/var/www/html/templates}',
				'write /var/www/html/var/log/error.log',
				'create /var/www/html/var/log/error.log'
			]
		},
		{
			name: 'configuration reload',
			everyDays: 15,
			share: 0.6,
			acts: [
				'read /etc/php/8.2/fpm/php-fpm.conf',
				'exec /usr/sbin/php-fpm8.2',
				'read {file:/usr/lib/php/20220829}'
			]
		},
		{
			name: 'database failover',
			everyDays: 30,
			share: 0.5,
			acts: [
				'connect egress/tcp/3306/workload:shop/StatefulSet/mysql-replica',
				'write /var/www/html/var/log/error.log'
			]
		},
		{
			name: 'deploy',
			everyDays: 14,
			share: 0.8,
			restart: true,
			acts: ['delete /var/www/html/var/cache/container.php', 'create /var/www/html/var/cache/container.php']
		}
	]
}
