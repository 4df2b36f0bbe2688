import {
	chmodSync,
	chownSync,
	lstatSync,
	mkdirSync,
	readdirSync,
	readFileSync,
	realpathSync,
	statSync,
	existsSync
} from 'node:fs'
import { dirname, join } from 'node:path'
import { Fault } from './fault.js'

/** The unprivileged user whom the service runs as. */
export interface ServiceUser {
	name: string
	uid: number
	gid: number
}

/** What of a file decides who may do what with it. */
export interface Permissions {
	uid: number
	gid: number
	mode: number
}

/**
 * The owner of the data folder; where that is root (or there is no folder yet), the system user
 * `whittle`, else `nobody`. Never uid 0 and never gid 0.
 */
export function serviceUser(
	dataOwner: { uid: number; gid: number } | undefined,
	passwd: string
): ServiceUser {
	const users = passwd.split('\n').flatMap((line) => {
		const [name = '', , uid = '', gid = ''] = line.split(':')
		return uid === '' ? [] : [{ name, uid: Number(uid), gid: Number(gid) }]
	})
	const safe = users.filter((user) => user.uid > 0 && user.gid > 0)
	if (dataOwner !== undefined && dataOwner.uid !== 0) {
		const known = safe.find((user) => user.uid === dataOwner.uid)
		if (known !== undefined) return known
		if (dataOwner.gid !== 0) return { name: String(dataOwner.uid), ...dataOwner }
	}
	const system = safe.find((user) => user.name === 'whittle') ?? safe.find((user) => user.name === 'nobody')
	if (system === undefined) {
		throw new Fault(
			'notAllowed',
			'user',
			'There is no user "whittle" and no "nobody" to run the service as.',
			'Run "npm run setup" as root.'
		)
	}
	return system
}

/** Makes the data folder, chooses the user, and hands over what root made there. Needs root. */
export function handOver(data: string): ServiceUser {
	mkdirSync(data, { recursive: true, mode: 0o700 })
	const found = lstatSync(data)
	if (!found.isDirectory())
		throw new Fault('usage', 'data', `${data} is not a folder.`, 'Name a folder with --data.')
	const user = serviceUser(found, readFileSync('/etc/passwd', 'utf8'))
	if (found.uid === 0) chmodSync(data, 0o700)
	giveTo(user, data)
	return user
}

/** Symbolic links are not followed, and a file with a second name elsewhere is left alone. */
function giveTo(user: ServiceUser, path: string): void {
	const entry = lstatSync(path)
	if (entry.isDirectory()) for (const name of readdirSync(path)) giveTo(user, join(path, name))
	if (entry.uid !== 0 || entry.isSymbolicLink() || (entry.isFile() && entry.nlink > 1)) return
	chownSync(path, user.uid, user.gid)
}

/** May `user` pass through a folder with these permissions? */
export function mayEnter(user: ServiceUser, permissions: Permissions): boolean {
	return (permissions.mode & bits(user, permissions, 0o100, 0o010, 0o001)) !== 0
}

/** May `user` read a file with these permissions? */
export function mayRead(user: ServiceUser, permissions: Permissions): boolean {
	return (permissions.mode & bits(user, permissions, 0o400, 0o040, 0o004)) !== 0
}

function bits(
	user: ServiceUser,
	{ uid, gid }: Permissions,
	owner: number,
	group: number,
	other: number
): number {
	if (uid === user.uid) return owner
	return gid === user.gid ? group : other
}

/**
 * The outermost folder on the way to `path` that the user cannot enter; undefined when there is
 * none. Ordinary permissions only: access lists are not looked at, so it may be too careful.
 */
export function barrier(
	user: ServiceUser,
	path: string,
	stat: (path: string) => Permissions = statSync
): string | undefined {
	const above: string[] = []
	for (let at = dirname(path); ; at = dirname(at)) {
		above.unshift(at)
		if (at === dirname(at)) break
	}
	return above.find((folder) => !mayEnter(user, stat(folder)))
}

/** What the service must reach, and the folders that stand in the way of some of it. */
export interface Reach {
	needed: string[]
	barriers: string[]
}

/**
 * @param root the code; what lies directly in it is needed (but nothing hidden, such as .git)
 * @param others further files and folders: the data folder, the node program
 */
export function reach(user: ServiceUser, root: string, others: string[]): Reach {
	const code = readdirSync(root)
		.filter((name) => !name.startsWith('.'))
		.sort()
		.map((name) => join(root, name))
	const main = join(root, 'dist', 'cli', 'main.js')
	if (!mayRead(user, statSync(main)) || !mayEnter(user, statSync(dirname(main)))) {
		throw new Fault(
			'notAllowed',
			'code.unreadable',
			`The service runs as ${user.name}, who may not read ${main}.`,
			`Run "chmod -R a+rX ${root}", or clone with the umask 022.`
		)
	}
	const blocked = [...code, ...others]
		.filter((path) => existsSync(path))
		.map((path) => realpathSync(path))
		.map((path) => ({ path, folder: barrier(user, path) }))
		.flatMap(({ path, folder }) => (folder === undefined ? [] : [{ path, folder }]))
	return {
		needed: [...new Set(blocked.map(({ path }) => path))],
		barriers: [...new Set(blocked.map(({ folder }) => folder))].sort()
	}
}
