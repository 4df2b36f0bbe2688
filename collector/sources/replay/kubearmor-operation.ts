import type { Verb } from '../../observation.js'
import { readPath } from './decoded.js'
import { dataField, firstWord, type KubeArmorFields, type Operation } from './kubearmor-fields.js'
import { decodeNetwork, decodeNetworkFirewall } from './kubearmor-network.js'

/** Reads Operation, Resource and Data by the grammar of KubeArmor/monitor/logUpdate.go. */
export function decodeOperation(fields: KubeArmorFields): Operation {
	switch (fields.operation) {
		case 'File':
			return decodeFile(fields)
		case 'Process':
			return decodeProcess(fields)
		case 'Network':
			return decodeNetwork(fields)
		case 'NetworkFirewall':
			return decodeNetworkFirewall(fields)
		case 'Capabilities':
			return decodeCapability(fields)
		case 'Syscall':
			return decodeSyscall(fields)
		case 'Device':
		case 'NetworkLimit':
			return null
		default:
			return 'unknown Operation'
	}
}

function decodeFile({ resource, data, cwd }: KubeArmorFields): Operation {
	// close() comes with an empty Resource.
	if (resource === '') return null
	const verbs = fileVerbs(data)
	if (verbs.length === 0) return null
	return pathActs(verbs, resource, cwd)
}

/** System calls and BPF-LSM hooks by the name that Data carries. */
const FILE_VERBS = new Map<string, Verb[]>([
	['SYS_UNLINK', ['delete']],
	['SYS_UNLINKAT', ['delete']],
	['SYS_RMDIR', ['delete']],
	['SYS_CHOWN', ['chown']],
	['SYS_FCHOWNAT', ['chown']],
	['SYS_LCHOWN', ['chown']],
	['SYS_CHMOD', ['chmod']],
	['SYS_FCHMODAT', ['chmod']],
	['SYS_MKDIR', ['mkdir']],
	['SYS_MKDIRAT', ['mkdir']],
	['SYS_RENAME', ['rename']],
	['SYS_LINK', ['link']],
	['SYS_SYMLINK', ['link']],
	['SYS_TRUNCATE', ['truncate']],
	['SYS_CLOSE', []],
	['FILE_OPEN', ['read']],
	// Only consulted by KubeArmor for writes to read-only rules.
	['FILE_PERMISSION', ['write']],
	['PATH_UNLINK', ['delete']],
	['PATH_RMDIR', ['delete']],
	['PATH_MKDIR', ['mkdir']],
	['PATH_MKNOD', ['create']],
	['PATH_LINK', ['link']],
	['PATH_SYMLINK', ['link']],
	['PATH_RENAME', ['rename']],
	['PATH_CHMOD', ['chmod']],
	['PATH_CHOWN', ['chown']],
	['PATH_TRUNCATE', ['truncate']]
])

function fileVerbs(data: string): Verb[] {
	const call = dataField(data, 'syscall') || dataField(data, 'lsm').replace(/^SECURITY_/, '')
	return FILE_VERBS.get(call) ?? openVerbs(dataField(data, 'flags'))
}

/** open(2): the access mode is one of three words; what O_CREAT may create is a write to the directory. */
function openVerbs(flagText: string): Verb[] {
	const flags = new Set(flagText.split('|'))
	if (flags.has('O_PATH')) return []
	const verbs: Verb[] = []
	if (flags.has('O_DIRECTORY')) verbs.push('list')
	else if (flags.has('O_RDWR') || !flags.has('O_WRONLY')) verbs.push('read')
	if (flags.has('O_RDWR') || flags.has('O_WRONLY')) verbs.push('write')
	if (flags.has('O_CREAT')) verbs.push('create')
	return verbs
}

function decodeProcess(fields: KubeArmorFields): Operation {
	const call = dataField(fields.data, 'syscall')
	if (call === 'SYS_PTRACE')
		return { acts: [{ verb: 'ptrace', object: ptraceRequest(dataField(fields.data, 'request')) }] }
	if (call !== '' && !call.startsWith('SYS_EXECVE')) return null
	const command = firstWord(fields.resource)
	const isDenied = fields.action === 'Block' || /denied|not permitted/.test(fields.result)
	// ProcessName is the resolved path of what runs; of a denied exec nothing runs, and it may still be the caller.
	const candidates = isDenied ? [command, fields.processName] : [fields.processName, command]
	const path = candidates.find((candidate) => candidate.startsWith('/')) ?? command
	return path === '' ? null : pathActs(['exec'], path, fields.cwd)
}

/** ptrace(2) requests by what they do to the other process. */
function ptraceRequest(request: string): string {
	const name = PTRACE_NUMBERS.get(request) ?? request
	if (/TRACEME/.test(name)) return 'traceme'
	if (/PEEK|GET/.test(name)) return 'read'
	return /POKE|SET(?!OPTIONS)/.test(name) ? 'write' : 'attach'
}

const PTRACE_NUMBERS = new Map([
	['0', 'TRACEME'],
	['1', 'PEEKTEXT'],
	['2', 'PEEKDATA'],
	['3', 'PEEKUSER'],
	['4', 'POKETEXT'],
	['5', 'POKEDATA'],
	['6', 'POKEUSER'],
	['12', 'GETREGS'],
	['13', 'SETREGS']
])

function decodeCapability({ resource, data }: KubeArmorFields): Operation {
	const word = (resource || data.slice(data.lastIndexOf(' ') + 1)).trim().toUpperCase()
	const capability = word.startsWith('CAP_') ? word : `CAP_${word}`
	return /^CAP_[A-Z0-9_]{2,40}$/.test(capability)
		? { acts: [{ verb: 'capability', object: capability }] }
		: 'unknown capability'
}

function decodeSyscall(fields: KubeArmorFields): Operation {
	const { data } = fields
	const call = dataField(data, 'syscall')
	if (call === 'SYS_SETUID')
		return { acts: [{ verb: 'setuid', object: `uid ${number(dataField(data, 'userid'))}` }] }
	if (call === 'SYS_SETGID')
		return { acts: [{ verb: 'setuid', object: `gid ${number(dataField(data, 'userid'))}` }] }
	if (call === 'SYS_MOUNT')
		return mountAct(dataField(data, 'filesystem') || 'none', dataField(data, 'target'), fields.cwd)
	if (call === 'SYS_UMOUNT' || call === 'SYS_UMOUNT2')
		return mountAct('umount', dataField(data, 'target'), fields.cwd)
	// matchSyscalls rules report file calls here as well.
	return FILE_VERBS.has(call) ? decodeFile(fields) : null
}

function number(digits: string): string {
	return /^-?\d{1,10}$/.test(digits) ? digits : '-1'
}

function mountAct(type: string, target: string, cwd: string): Operation {
	if (target === '') return null
	const reading = readPath(target, cwd)
	if ('refused' in reading) return reading.refused
	const { path, note } = reading
	return {
		acts: [{ verb: 'mount', object: `${/^[a-z0-9_.-]{1,64}$/i.test(type) ? type : 'none'} ${path}` }],
		...(note === undefined ? {} : { note })
	}
}

function pathActs(verbs: Verb[], raw: string, cwd: string): Operation {
	const reading = readPath(raw, cwd)
	if ('refused' in reading) return reading.refused
	const { path, note } = reading
	return { acts: verbs.map((verb) => ({ verb, object: path })), ...(note === undefined ? {} : { note }) }
}
