import { chmodSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { request as httpRequest } from 'node:http'
import type { Launch, Running } from '../../../fixtures/scenario.js'
import { request, untilFileSays, untilListening } from '../../../fixtures/wait.mjs'
import { createRandom } from '../random.js'
import type { Driver } from './driver.js'

const FOLDER = '/tmp/whittle-recording-nginx'
const PORT = 18481
const BACK_PORT = 18482

/** Static files, a cached and buffered back end, uploads that do not fit in memory. */
const CONFIG = `user www-data;
worker_processes 2;
pid ${FOLDER}/nginx.pid;
error_log ${FOLDER}/log/error.log notice;
events { worker_connections 64; }
http {
	include /etc/nginx/mime.types;
	sendfile on;
	access_log ${FOLDER}/log/access.log;
	client_body_temp_path ${FOLDER}/temp/body;
	client_body_buffer_size 1k;
	proxy_temp_path ${FOLDER}/temp/proxy;
	proxy_cache_path ${FOLDER}/cache levels=1:2 keys_zone=pages:1m;
	fastcgi_temp_path ${FOLDER}/temp/fastcgi;
	uwsgi_temp_path ${FOLDER}/temp/uwsgi;
	scgi_temp_path ${FOLDER}/temp/scgi;
	server {
		listen 127.0.0.1:${PORT};
		root ${FOLDER}/html;
		error_page 404 /404.html;
		location /files/ { autoindex on; }
		location /pages/ { proxy_pass http://127.0.0.1:${BACK_PORT}; proxy_cache pages; proxy_cache_valid 200 1h; }
		location /upload/ { proxy_pass http://127.0.0.1:${BACK_PORT}; }
	}
	server {
		listen 127.0.0.1:${BACK_PORT};
		root ${FOLDER}/back;
		location /upload/ { return 200 "kept\\n"; }
	}
}
`

async function install(): Promise<void> {
	rmSync(FOLDER, { recursive: true, force: true })
	for (const path of [
		'html/files',
		'html/img',
		'html/css',
		'html/docs',
		'back/pages',
		'temp',
		'log',
		'cache'
	]) {
		mkdirSync(`${FOLDER}/${path}`, { recursive: true })
	}
	for (const path of [
		'',
		'/html',
		'/html/files',
		'/html/img',
		'/html/css',
		'/html/docs',
		'/back',
		'/back/pages'
	]) {
		chmodSync(`${FOLDER}${path}`, 0o755)
	}
	for (const path of ['/temp', '/log', '/cache']) chmodSync(`${FOLDER}${path}`, 0o777)
	const write = (name: string, text: string) => writeFileSync(`${FOLDER}/${name}`, text, { mode: 0o644 })
	write('nginx.conf', CONFIG)
	write('nsswitch.conf', 'passwd: files\ngroup: files\n')
	write('html/index.html', '<!doctype html><p>Hello</p>\n')
	write('html/404.html', '<!doctype html><p>Not here</p>\n')
	for (let at = 1; at <= 30; at++) {
		write(`html/img/photo-${at}.png`, `image ${at}\n`.repeat(200))
		write(`html/docs/chapter-${at}.html`, `<p>${at}</p>\n`.repeat(100))
		write(`back/pages/${at}.html`, `<p>${at}</p>\n`.repeat(20_000))
	}
	for (const name of ['main', 'print', 'dark', 'theme']) write(`html/css/${name}.css`, 'p { color: green }\n')
	for (const name of ['one', 'two', 'three']) write(`html/files/${name}.txt`, `${name}\n`)
}

async function start(launch: Launch): Promise<Running> {
	const argv = ['/usr/sbin/nginx', '-e', `${FOLDER}/log/error.log`, '-c', `${FOLDER}/nginx.conf`]
	const server = await launch({
		argv: [...argv, '-g', 'daemon off;'],
		cwd: '/',
		env: { PATH: '/usr/sbin:/usr/bin', LC_ALL: 'C', TZ: 'UTC0' },
		replacedFiles: { '/etc/nsswitch.conf': `${FOLDER}/nsswitch.conf` },
		ownNamespaces: true
	})
	await untilListening(PORT)
	return server
}

async function stop(server: Running): Promise<void> {
	server.signal('SIGQUIT')
	await server.ended
}

/** A body that does not fit into nginx's buffer, so that it goes through a file. */
function upload(path: string): Promise<void> {
	return new Promise((done, fail) => {
		const sent = httpRequest(
			{ host: '127.0.0.1', port: PORT, path, method: 'POST', agent: false },
			(answer) => {
				answer.resume()
				answer.once('end', () => done())
			}
		)
		sent.once('error', fail)
		sent.end('x'.repeat(20_000))
	})
}

/** One set of URLs: the start page, pictures, style sheets, pages of the back end, uploads. */
const usual: Driver = {
	name: 'nginx-a',
	runCount: 8,
	about: 'start page, pictures, style sheets, cached pages, uploads',
	install,
	run: (index) => async (launch) => {
		const random = createRandom(`nginx-a ${index}`)
		const server = await start(launch)
		for (let round = 0; round < 25; round++) {
			await request(PORT, random.pick(['/', '/css/main.css', '/css/print.css', '/missing']))
			await request(PORT, `/img/photo-${random.integer(1, 20)}.png`)
			await request(PORT, `/pages/${random.integer(1, 15)}.html`)
			if (round % 5 === 0) await upload(`/upload/${round}`)
		}
		await stop(server)
	}
}

/** Another set of URLs, with reloads and rotated logs. */
const other: Driver = {
	name: 'nginx-b',
	runCount: 4,
	about: 'documents, a listed folder, other pictures and pages; two reloads; logs rotated twice',
	run: (index) => async (launch) => {
		const random = createRandom(`nginx-b ${index}`)
		const server = await start(launch)
		for (let part = 0; part < 2; part++) {
			for (let round = 0; round < 15; round++) {
				await request(PORT, `/docs/chapter-${random.integer(1, 30)}.html`)
				await request(PORT, random.pick(['/files/', '/files/one.txt', '/files/three.txt', '/css/dark.css']))
				await request(PORT, `/img/photo-${random.integer(1, 30)}.png`, { range: 'bytes=0-99' })
				await request(PORT, `/pages/${random.integer(10, 30)}.html`)
				await upload('/upload/again')
			}
			// What logrotate does with nginx's log: it is renamed, and nginx is told to open a new one.
			renameSync(`${FOLDER}/log/access.log`, `${FOLDER}/log/access.log.${index}.${part}`)
			server.signal('SIGUSR1')
			await request(PORT, '/')
			writeFileSync(`${FOLDER}/log/error.log`, '')
			server.signal('SIGHUP')
			await untilFileSays(`${FOLDER}/log/error.log`, 'exited with code 0', 2)
			await untilListening(PORT)
		}
		await stop(server)
	}
}

export const NGINX: readonly Driver[] = [usual, other]
