import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { redact, redactUrlPath } from '../../collector/redact.js'

/** Each holds the secret `S3cr3tV4lue` (or what is in `secret`), and what people still need to read. */
const secrets: { text: string; keeps?: string; secret?: string }[] = [
	{ text: 'mysql -u root -pS3cr3tV4lue shop', keeps: 'mysql -u root' },
	{ text: 'mysqldump --password=S3cr3tV4lue shop', keeps: 'mysqldump --password=' },
	{ text: 'mysql --password S3cr3tV4lue -h db', keeps: '-h db' },
	{ text: 'psql --password=two S3cr3tV4lue words -h db', keeps: '-h db' },
	{ text: 'curl -u bob:S3cr3tV4lue http://x/', keeps: 'http://x/' },
	{ text: 'curl -su bob:S3cr3tV4lue http://x/' },
	{ text: 'curl --user bob:S3cr3tV4lue http://x/' },
	{ text: 'curl -H Authorization: Bearer S3cr3tV4lue', keeps: 'Authorization' },
	{ text: 'curl -H "Authorization: Basic S3cr3tV4lue" http://x/', keeps: 'http://x/' },
	{ text: "curl -H 'X-Api-Key: S3cr3tV4lue' http://x/", keeps: 'http://x/' },
	{ text: 'curl --cookie "sid: S3cr3tV4lue; a=b"' },
	{ text: 'sh -c DB_PASSWORD=S3cr3tV4lue ./serve --port 80', keeps: './serve --port 80' },
	{ text: 'env AWS_SECRET_ACCESS_KEY=S3cr3tV4lue aws s3 ls', keeps: 'aws s3 ls' },
	{ text: 'psql postgres://app:S3cr3tV4lue@db/shop', keeps: '@db/shop' },
	{ text: 'git clone https://S3cr3tV4lue@git.example/x.git', keeps: 'git.example/x.git' },
	{ text: 'wget http://x/a?token=S3cr3tV4lue&v=1', keeps: '&v=1' },
	{ text: 'app {"password":"S3cr3tV4lue","user":"bob"}', keeps: '"user":"bob"' },
	{ text: 'app --api-key S3cr3tV4lue --verbose', keeps: '--verbose' },
	{ text: 'java -Dspring.datasource.password=S3cr3tV4lue -jar x.jar', keeps: '-jar x.jar' },
	{ text: 'openssl pkcs12 -passin pass:S3cr3tV4lue -in x.p12', keeps: '-in x.p12' },
	{ text: 'redis-cli -a S3cr3tV4lue ping', keeps: 'ping' },
	{ text: 'sshpass -p S3cr3tV4lue ssh host', keeps: 'ssh host' },
	{ text: 'smbclient //a/b -U bob%S3cr3tV4lue', keeps: 'bob' },
	{ text: 'docker login -u bob -p S3cr3tV4lue registry', keeps: 'registry' },
	{ text: 'htpasswd -bc /etc/htpasswd bob S3cr3tV4lue', keeps: 'bob' },
	{ text: 'ldapsearch -x -w S3cr3tV4lue -b dc=x', keeps: '-b dc=x' },
	{ text: 'app --key a8F93kdLq02mZx81Kw', secret: 'a8F93kdLq02mZx81Kw' },
	{ text: 'aws configure set x AKIAIOSFODNN7EXAMPLE', secret: 'AKIAIOSFODNN7EXAMPLE' },
	{
		text: 'x eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.abc_DEF-9 y',
		secret: 'eyJzdWIiOiIxMjM0In0',
		keeps: ' y'
	},
	{ text: 'git push https://x ghp_0123456789abcdefghij0123', secret: 'ghp_0123456789abcdefghij0123' },
	{
		text: 'echo -----BEGIN RSA PRIVATE KEY----- MIIabcDEF -----END RSA PRIVATE KEY----- end',
		secret: 'MIIabcDEF',
		keeps: ' end'
	},
	{ text: 'echo -----BEGIN PRIVATE KEY----- MIIabcDEF cut sho', secret: 'MIIabcDEF' }
]

for (const { text, keeps = '', secret = 'S3cr3tV4lue' } of secrets) {
	test(`redacts: ${text}`, () => {
		const redacted = redact(text)
		assert.equal(redacted.includes(secret), false, redacted)
		assert.ok(redacted.includes('***'), redacted)
		assert.ok(redacted.includes(keeps), redacted)
		assert.equal(redact(redacted), redacted)
	})
}

const innocent = [
	'nginx -g daemon off; -p /etc/nginx',
	'ls -la -p /srv',
	'env PWD=/home/bob OLDPWD=/ bash',
	'app --password-file=/run/secrets/db --signal=9 --bypass=1 --author me',
	'kube-apiserver --authorization-mode=Node,RBAC',
	'python3 -m http.server 8080',
	'ssh-keygen -t ed25519 -f /root/.ssh/id',
	'/usr/bin/postgres -D /var/lib/postgresql -c max_connections=100'
]

for (const text of innocent) test(`leaves alone: ${text}`, () => assert.equal(redact(text), text))

test('a URL path loses its query and its tokens', () => {
	assert.equal(redactUrlPath('/v1/orders?token=x#y'), '/v1/orders')
	assert.equal(redactUrlPath('/reset/eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.sig'), '/reset/***')
})

test('redacting twice changes nothing, whatever the text', () => {
	const word = fc.constantFrom(
		'--password',
		'=',
		' ',
		'token',
		'x',
		'-p',
		'mysql',
		'"',
		"'",
		':',
		'://',
		'@',
		'eyJabcdef',
		'.',
		'&',
		'?'
	)
	fc.assert(
		fc.property(fc.array(word, { maxLength: 30 }), (words) => {
			const once = redact(words.join(''))
			assert.equal(redact(once), once)
		}),
		{ numRuns: 500, examples: [[['token', '=', "'", "'", 'eyJabcdef']]] }
	)
})
