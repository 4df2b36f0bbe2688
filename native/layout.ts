/**
 * The bytes that the programs and the sensor exchange, as offsets. C declares them in
 * bpf/event.h and bpf/enforce.bpf.c; test/native/layout.test.ts compares both through the
 * compiled objects' BTF, so that neither can change alone.
 */

export interface Field {
	offset: number
	bytes: number
}

/** `struct counter_key` followed by `struct counter_value`. */
export const counterKey = {
	size: 32,
	unit: { offset: 0, bytes: 8 },
	source: { offset: 8, bytes: 8 },
	object: { offset: 16, bytes: 8 },
	operation: { offset: 24, bytes: 2 },
	result: { offset: 26, bytes: 1 },
	flags: { offset: 27, bytes: 1 }
} as const

export const counterValue = {
	size: 24,
	count: { offset: 0, bytes: 8 },
	first_ns: { offset: 8, bytes: 8 },
	pid: { offset: 16, bytes: 4 }
} as const

export const otherKey = {
	size: 16,
	unit: { offset: 0, bytes: 8 },
	operation: { offset: 8, bytes: 2 },
	result: { offset: 10, bytes: 1 }
} as const

/** `struct first_sight`; `size` is that of its fixed part, before `text`. */
export const firstSight = {
	size: 96,
	object: { offset: 0, bytes: 8 },
	unit: { offset: 8, bytes: 8 },
	source: { offset: 16, bytes: 8 },
	at_ns: { offset: 24, bytes: 8 },
	inode: { offset: 32, bytes: 8 },
	interpreter: { offset: 40, bytes: 8 },
	device: { offset: 48, bytes: 4 },
	pid: { offset: 52, bytes: 4 },
	parent_pid: { offset: 56, bytes: 4 },
	uid: { offset: 60, bytes: 4 },
	kind: { offset: 64, bytes: 2 },
	flags: { offset: 66, bytes: 2 },
	operation: { offset: 68, bytes: 2 },
	length: { offset: 70, bytes: 2 },
	family: { offset: 72, bytes: 2 },
	protocol: { offset: 74, bytes: 2 },
	port: { offset: 76, bytes: 2 },
	direction: { offset: 78, bytes: 2 },
	address: { offset: 80, bytes: 16 },
	text: { offset: 96, bytes: 4096 }
} as const

export const denialKey = {
	size: 40,
	slot: { offset: 0, bytes: 4 },
	generation: { offset: 4, bytes: 4 },
	source: { offset: 8, bytes: 8 },
	operation: { offset: 16, bytes: 2 },
	direction: { offset: 18, bytes: 1 },
	mode: { offset: 19, bytes: 1 },
	protocol: { offset: 20, bytes: 2 },
	port: { offset: 22, bytes: 2 },
	address: { offset: 24, bytes: 16 }
} as const

/** `enum operation`. */
export const operation = {
	exec: 1,
	start: 2,
	fork: 3,
	exit: 4,
	read: 10,
	write: 11,
	readWrite: 12,
	create: 13,
	createRead: 14,
	openPath: 15,
	delete: 20,
	rename: 21,
	link: 22,
	chmod: 23,
	chown: 24,
	mkdir: 25,
	mknod: 26,
	truncate: 27,
	setattr: 28,
	connect: 40,
	send: 41,
	bind: 42,
	listen: 43,
	accept: 44,
	capability: 60,
	ptrace: 61,
	mount: 62,
	namespace: 63,
	module: 64,
	rawSocket: 65,
	bpf: 66,
	setuid: 67,
	ioUring: 80,
	exec32Bit: 81
} as const

export const result = { allowed: 0, denied: 1, failed: 2 } as const
export const counterFlag = { required: 1, interactive: 2 } as const
export const unitKind = { cgroup2: 0, cgroup1: 1, program: 2 } as const
export const recordKind = { file: 1, userPath: 2, network: 3, unix: 4, exec: 5, cgroup: 6, text: 7 } as const
export const recordFlag = {
	truncated: 1,
	detached: 2,
	deleted: 4,
	directory: 8,
	collapsed: 16,
	abstract: 32,
	snapshot: 64
} as const

/** `enum loss`, as the names that people read in the ledger. */
export const lossKinds = [
	'ring full: detail postponed',
	'counters full: detail lost, total kept',
	'totals full: unit lost, total kept',
	'described objects full',
	'budgets full',
	'counted under its directory or port',
	'path deeper or longer than is read',
	'memory that could not be read',
	'task record could not be made',
	'map was busy: detail lost, total kept',
	'no map to count into'
] as const
