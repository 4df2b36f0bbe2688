/** How much more a bit of permission costs in some places than in others. */
export function placeWeight(path: string): number {
	for (const [place, weight] of WEIGHTS) {
		if (path.startsWith(place) && (path.length === place.length || path[place.length] === '/')) return weight
	}
	return 1
}

const WEIGHTS: readonly [place: string, weight: number][] = [
	['/root', 8],
	['/home', 6],
	['/run/secrets', 6],
	['/var/run/secrets', 6],
	['/etc', 4],
	['/proc', 4],
	['/sys', 4],
	['/dev', 4],
	['/bin', 3],
	['/sbin', 3],
	['/usr/bin', 3],
	['/usr/sbin', 3],
	['/usr/local/bin', 3],
	['/usr/local/sbin', 3]
]

/** Of a verb's class: what a permission is worth. */
export const READ_WEIGHT = 1
export const WRITE_WEIGHT = 4
export const EXEC_WEIGHT = 8

/** Directories that never become a rule themselves, in whatever form: too much of a machine lies in them. */
export const NEVER_WHOLE: ReadonlySet<string> = new Set([
	'',
	'/bin',
	'/boot',
	'/dev',
	'/etc',
	'/home',
	'/lib',
	'/lib32',
	'/lib64',
	'/libx32',
	'/media',
	'/mnt',
	'/opt',
	'/proc',
	'/root',
	'/run',
	'/sbin',
	'/srv',
	'/sys',
	'/usr',
	'/usr/bin',
	'/usr/games',
	'/usr/lib',
	'/usr/lib32',
	'/usr/lib64',
	'/usr/libexec',
	'/usr/local',
	'/usr/local/bin',
	'/usr/local/lib',
	'/usr/local/sbin',
	'/usr/sbin',
	'/usr/share',
	'/var',
	'/var/lib',
	'/var/run'
])
