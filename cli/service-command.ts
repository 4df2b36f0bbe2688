import type { Reach, ServiceUser } from './service-user.js'

/**
 * The command that runs `command` as `user` without any right, and, where folders stand in the
 * way of what it needs, in a mount namespace of its own in which they do not. Pure: paths
 * are arguments from beginning to end, and the only script is the constant below.
 *
 * @param stage an empty folder of root's, used inside the new namespace only
 */
export function serviceCommand(
	user: ServiceUser,
	{ needed, barriers }: Reach,
	stage: string,
	command: string[]
): string[] {
	const dropped = [
		...['/usr/bin/setpriv', `--reuid=${user.uid}`, `--regid=${user.gid}`, '--clear-groups'],
		...['--bounding-set=-all', '--inh-caps=-all', '--ambient-caps=-all', '--no-new-privs', '--'],
		...command
	]
	if (barriers.length === 0) return dropped
	return [
		...['/usr/bin/unshare', '--mount', '--propagation', 'private', '--'],
		...['/bin/sh', '-c', SCRIPT, 'whittle', stage, String(needed.length), String(barriers.length)],
		...[...needed, ...barriers, ...dropped]
	]
}

/**
 * In the new namespace: hold what is needed on the stage, cover the barriers with empty folders
 * that everybody may enter, and put what is needed back at its own path, so that every path in
 * messages stays true. `exec` leaves no process of root's behind.
 */
const SCRIPT = `set -eu
umask 022
stage=$1 needed=$2 barriers=$3
shift 3
mount -t tmpfs -o mode=0755 whittle "$stage"
i=0
for path in "$@"; do
	if [ $i -lt $needed ]; then
		if [ -d "$path" ]; then mkdir "$stage/$i"; else : > "$stage/$i"; fi
		mount --bind "$path" "$stage/$i"
	fi
	i=$((i + 1))
done
i=0
for path in "$@"; do
	if [ $i -ge $needed ] && [ $i -lt $((needed + barriers)) ]; then
		mount -t tmpfs -o mode=0755 whittle "$path"
	fi
	i=$((i + 1))
done
i=0
for path in "$@"; do
	if [ $i -lt $needed ]; then
		if [ -d "$stage/$i" ]; then mkdir -p "$path"; else mkdir -p "$(dirname "$path")"; : > "$path"; fi
		mount --bind "$stage/$i" "$path"
	fi
	i=$((i + 1))
done
shift $((needed + barriers))
cd /
exec "$@"`
