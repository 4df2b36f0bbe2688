import type { Act } from '../../aggregate.js'

/** The fields of a KubeArmor log or alert that say what happened; '' where a line has none. */
export interface KubeArmorFields {
	cluster: string
	host: string
	namespace: string
	pod: string
	container: string
	containerId: string
	image: string
	ownerKind: string
	ownerName: string
	type: string
	operation: string
	resource: string
	data: string
	result: string
	action: string
	source: string
	processName: string
	parentProcessName: string
	cwd: string
	tty: string
	/** True when this is the first process of its container. */
	isFirstProcess: boolean
}

/** The acts of a line, the reason why it is refused, or null when it says nothing of use. */
export type Operation = { acts: Act[]; note?: string } | string | null

/** The value of `name=` in `syscall=SYS_OPENAT fd=-100 flags=O_RDONLY`; commas separate too, as in KubeArmor's DNS samples. */
export function dataField(data: string, name: string): string {
	for (let from = 0; ; ) {
		const at = data.indexOf(`${name}=`, from)
		if (at === -1) return ''
		const before = at === 0 ? ' ' : data[at - 1]
		from = at + name.length + 1
		if (before !== ' ' && before !== ',') continue
		const end = data.slice(from).search(/[ ,]/)
		return end === -1 ? data.slice(from) : data.slice(from, from + end)
	}
}

/** The program of a command line; KubeArmor joins arguments with blanks and quotes nothing. */
export function firstWord(commandLine: string): string {
	const blank = commandLine.indexOf(' ')
	return blank === -1 ? commandLine : commandLine.slice(0, blank)
}
