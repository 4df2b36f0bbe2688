import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, posix } from 'node:path'
import { gzipSync } from 'node:zlib'

/**
 * Writes `NAME.txt.gz` beside this file: every file of an image that Debian's own packages make, read
 * from the packages' file lists. Run by hand (`node --import tsx bench/learning/manifests/make.ts`) on
 * Debian 12 after `apt-get update`; the lists are committed so that nobody else has to.
 */
const IMAGES: Readonly<Record<string, string>> = {
	nginx: 'nginx ca-certificates',
	php: 'php8.2-fpm php8.2-cli php8.2-mysql php8.2-curl php8.2-xml php8.2-mbstring ca-certificates',
	postgres: 'postgresql-15',
	python: 'python3 gunicorn python3-flask python3-requests python3-psycopg2 ca-certificates',
	node: 'nodejs ca-certificates',
	java: 'openjdk-17-jre-headless tomcat10'
}

/** What every image of bookworm-slim has: essential packages, those of priority "required", apt and tzdata. */
const BASE =
	'apt base-files base-passwd bash bsdutils coreutils dash debconf debianutils diffutils dpkg e2fsprogs' +
	' findutils grep gzip hostname init-system-helpers libc-bin libpam-modules libpam-modules-bin' +
	' libpam-runtime login mawk mount ncurses-base ncurses-bin passwd perl-base sed sysvinit-utils tar' +
	' tzdata util-linux'

/** Slim images leave these out. */
const NOT_IN_SLIM = /^\/usr\/share\/(doc|man|info|locale|lintian|linda|groff)\//

const folder = mkdtempSync(join(tmpdir(), 'whittle-manifest-'))
const archives = join(folder, 'archives')
for (const cache of ['archives', 'none']) mkdirSync(join(folder, cache, 'partial'), { recursive: true })
writeFileSync(join(folder, 'status'), '')
try {
	for (const [name, packages] of Object.entries(IMAGES)) {
		const debs = download(packages)
		const lines = new Set(debs.flatMap((deb) => filesOf(join(archives, deb))))
		const head = `# Debian 12 amd64, file lists of ${debs.length} packages: slim base + ${packages}\n`
		const text = [...lines].sort().join('\n')
		writeFileSync(new URL(`./${name}.txt.gz`, import.meta.url), gzipSync(`${head}${text}\n`, { level: 9 }))
		process.stdout.write(`${name}: ${lines.size} files of ${debs.length} packages\n`)
	}
} finally {
	rmSync(folder, { recursive: true })
}

/** The packages that apt would install where nothing is installed; their archives are left in `archives`. */
function download(packages: string): string[] {
	const install = (cache: string): string[] => [
		...['-o', `Dir::State::status=${join(folder, 'status')}`, '-o', `Dir::Cache::archives=${cache}`],
		...['-o', 'Debug::NoLocking=1', '-o', 'APT::Sandbox::User=root'],
		...['-y', '--no-install-recommends', 'install', ...BASE.split(' '), ...packages.split(' ')]
	]
	// Asked of an empty cache: apt names only what it has not got yet.
	const named = execFileSync('apt-get', ['--print-uris', ...install(join(folder, 'none'))], {
		encoding: 'utf8',
		stdio: ['ignore', 'pipe', 'ignore']
	})
	execFileSync('apt-get', ['--download-only', ...install(archives)], { stdio: 'ignore' })
	return [...named.matchAll(/^'[^']+' (\S+)/gm)].map(([, file]) => file ?? '').sort()
}

/** `/path`, or `/path -> /target` for a symbolic link, with /bin, /sbin and /lib where usrmerge has them. */
function filesOf(deb: string): string[] {
	const listing = execFileSync('dpkg-deb', ['-c', deb], { encoding: 'utf8', maxBuffer: 2 ** 28 })
	return listing.split('\n').flatMap((line) => {
		const match = /^([-lh])\S+\s+\S+\s+\d+ \S+ \S+ \.(\/.*)$/.exec(line)
		const [, kind, rest] = match ?? []
		if (!kind || !rest) return []
		const [path = '', target] = rest.split(kind === 'h' ? ' link to ' : ' -> ')
		const merged = usrMerged(path)
		if (NOT_IN_SLIM.test(merged)) return []
		if (kind !== 'l' || target === undefined) return [merged]
		return [`${merged} -> ${usrMerged(posix.resolve(posix.dirname(merged), target))}`]
	})
}

function usrMerged(path: string): string {
	return path.replace(/^\/(s?bin|lib(32|64|x32)?)\//, '/usr/$1/')
}
