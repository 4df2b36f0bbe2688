import { type Application, LOADED, names, some } from './application.js'

const JAVA = '/usr/lib/jvm/java-17-openjdk-amd64'

/** A Tomcat application: jars, compiled pages, sessions on disk, a heap of back ends, JMX on a passive port range. */
export const java: Application = {
	kind: 'java',
	files: (random) => [
		...names(random, 90).map((name) => `/var/lib/tomcat10/webapps/app/WEB-INF/lib/${name}.jar`),
		...names(random, 120).map((name) => `/var/lib/tomcat10/webapps/app/WEB-INF/classes/${name}.class`),
		...names(random, 40).map((name) => `/var/lib/tomcat10/webapps/app/${name}.jsp`),
		...names(random, 10).map((name) => `/etc/tomcat10/Catalina/${name}.xml`)
	],
	start: [
		...LOADED,
		`exec ${JAVA}/bin/java by /usr/bin/dash`,
		...some(12, 'read {file:/usr/lib/x86_64-linux-gnu}'),
		...some(18, `read {file:${JAVA}/lib}`),
		...some(6, 'read {file:/etc/java-17-openjdk}'),
		...some(12, 'read {file:/usr/share/java}'),
		...some(50, 'read {file:/var/lib/tomcat10/webapps/app/WEB-INF/lib}'),
		...some(3, 'read {file:/etc/tomcat10}'),
		'create /tmp/hsperfdata_tomcat/{digits5}',
		'write /tmp/hsperfdata_tomcat/{digits5}',
		'delete /tmp/hsperfdata_tomcat/{digits5}',
		'read /proc/<pid>/stat',
		'read /proc/cpuinfo',
		'read /proc/meminfo',
		'read /sys/fs/cgroup/memory.max',
		'write /var/log/tomcat10/catalina.out',
		'bind ingress/tcp/8080/any',
		'listen ingress/tcp/8080/any'
	],
	branches: [
		some(4, 'read {file:/usr/share/java}'),
		some(3, 'read {file:/var/lib/tomcat10/webapps/app/WEB-INF/classes}'),
		['read {file:/usr/share/zoneinfo}'],
		['create /var/cache/tomcat10/{build:hex8}.lck', 'delete /var/cache/tomcat10/{build:hex8}.lck'],
		['exec /usr/bin/uname by /usr/bin/dash'],
		['read /proc/net/tcp', 'read /proc/net/tcp6']
	],
	ordinary: [
		{
			weight: 9,
			acts: [
				'read {file:/var/lib/tomcat10/webapps/app/WEB-INF/classes}',
				'read {file:/var/lib/tomcat10/webapps/app/WEB-INF/classes}'
			]
		},
		{ weight: 4, acts: ['read {file:/var/lib/tomcat10/webapps/app/WEB-INF/lib}'] },
		{ weight: 3, acts: ['read {file:/usr/share/java}'] },
		{ weight: 2, acts: [`read {file:${JAVA}/lib}`] },
		{ weight: 2, acts: ['read {file:/usr/share/zoneinfo}'] },
		{
			weight: 2,
			acts: [
				'create /var/cache/tomcat10/app/page_{build:low6}_jsp.class',
				'write /var/cache/tomcat10/app/page_{build:low6}_jsp.class'
			]
		},
		{
			weight: 3,
			acts: [
				'create /tmp/upload_{hex8}_{digits8}.tmp',
				'write /tmp/upload_{hex8}_{digits8}.tmp',
				'delete /tmp/upload_{hex8}_{digits8}.tmp'
			]
		},
		{
			weight: 2,
			acts: [
				'create /var/lib/tomcat10/sessions/{hex32}.session',
				'write /var/lib/tomcat10/sessions/{hex32}.session',
				'read /var/lib/tomcat10/sessions/{hex32}.session'
			]
		},
		{
			weight: 1,
			acts: ['write /var/log/tomcat10/localhost.{date}.log', 'create /var/log/tomcat10/localhost.{date}.log']
		},
		{ weight: 3, acts: ['connect egress/tcp/5432/workload:data/StatefulSet/postgres'] },
		{ weight: 3, acts: ['connect egress/tcp/9092/workload:data/StatefulSet/kafka'] },
		{ weight: 2, acts: ['connect egress/tcp/800{build:digits1}/workload:data/Deployment/ledger'] },
		{ weight: 2, acts: ['connect egress/tcp/443/cidr:198.51.100.{of14}/32', 'resolve login.example.com'] },
		{ weight: 4, acts: ['accept ingress/tcp/8080/workload:front/Deployment/gateway'] }
	],
	jobs: [
		{
			name: 'cache refresh',
			everyHours: 1,
			share: 0.5,
			acts: [
				'connect egress/tcp/11211/workload:data/Deployment/memcached',
				'read {file:/var/lib/tomcat10/webapps/app/WEB-INF/classes}'
			]
		},
		{
			name: 'log rotation',
			everyHours: 24,
			share: 0.7,
			acts: [
				'create /var/log/tomcat10/catalina.{date}.log',
				'rename /var/log/tomcat10/catalina.out',
				'delete /var/log/tomcat10/catalina.{date}.log'
			]
		},
		{
			name: 'weekly reconciliation',
			everyHours: 168,
			share: 0.4,
			acts: [
				'read {file:/var/lib/tomcat10/webapps/app/WEB-INF/classes}',
				'connect egress/tcp/22/cidr:192.0.2.{build:of60}/32',
				'create /var/lib/tomcat10/work/{day}.xml'
			]
		},
		{
			name: 'monthly closing',
			everyHours: 720,
			share: 0.2,
			acts: [
				'read {file:/var/lib/tomcat10/webapps/app/WEB-INF/classes}',
				'create /var/lib/tomcat10/work/{day}.pdf'
			]
		}
	],
	rare: [
		{
			name: 'admin endpoint',
			everyDays: 12,
			share: 0.7,
			acts: [
				'read {file:/var/lib/tomcat10/webapps/app/WEB-INF/classes}',
				'read {file:/var/lib/tomcat10/webapps/app}'
			]
		},
		{
			name: 'heap dump',
			everyDays: 30,
			share: 0.4,
			acts: [
				'create /var/lib/tomcat10/java_pid{digits5}.hprof',
				'write /var/lib/tomcat10/java_pid{digits5}.hprof'
			]
		},
		{
			name: 'error path',
			everyDays: 9,
			share: 0.8,
			acts: ['read {file:/usr/share/java}', 'read {file:/var/lib/tomcat10/webapps/app}']
		},
		{
			name: 'certificate renewal',
			everyDays: 35,
			share: 0.5,
			acts: ['read /etc/ssl/certs/java/cacerts', `read ${JAVA}/lib/security/cacerts`]
		},
		{
			name: 'deploy',
			everyDays: 14,
			share: 0.8,
			restart: true,
			acts: ['read {file:/var/lib/tomcat10/webapps/app/WEB-INF/lib}', 'read {file:/usr/share/java}']
		}
	]
}
