/** Starts a virtual machine, waits for its verdict, and reads what its tests reported. */
import { spawn } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'

/** What guest/init hands to guest/leave, as QEMU's exit code. */
const PASSED = 2 * 16 + 1
/** Four times what it takes on two free cores. */
const LIMIT_MS = 900_000
const CONSOLE_CHARACTERS = 6000
/** In the order in which Debian's kernel has them, with `bpf`: as on a machine of Debian's own. */
const LSM = 'landlock,lockdown,yama,integrity,apparmor,bpf'

export interface GuestRun {
	/** Whether the guest itself said that everything passed. */
	passed: boolean
	results: GuestResult[]
	/** The end of the kernel's console, and of what the tests printed. */
	console: string
	seconds: number
}

export type GuestResult = z.output<typeof resultShape>

const resultShape = z.object({
	name: z.string(),
	file: z.string(),
	passed: z.boolean(),
	ms: z.number(),
	text: z.string()
})

/**
 * Boots `vmlinuz` from `image` without touching the image, so that several guests may share it.
 * TCG needs neither KVM nor root. A guest that hangs is ended, and has not passed.
 */
export async function bootGuest(vmlinuz: string, image: string, folder: string): Promise<GuestRun> {
	const startedMs = Date.now()
	const consolePath = join(folder, 'console')
	const child = spawn(
		'qemu-system-x86_64',
		[
			...['-accel', 'tcg,thread=multi', '-cpu', 'max', '-m', '1024', '-smp', '2'],
			...['-nodefaults', '-no-user-config', '-display', 'none', '-no-reboot', '-kernel', vmlinuz],
			...[
				'-append',
				`console=ttyS0 root=/dev/nvme0n1 rootwait rw init=/init panic=-1 oops=panic quiet lsm=${LSM}`
			],
			...[
				'-drive',
				`file=${image},if=none,id=d0,format=raw,snapshot=on`,
				'-device',
				'nvme,drive=d0,serial=root'
			],
			...['-serial', `file:${consolePath}`, '-serial', 'stdio'],
			...['-device', 'isa-debug-exit,iobase=0xf4,iosize=1']
		],
		{ stdio: ['ignore', 'pipe', 'pipe'] }
	)
	let lines = ''
	let said = ''
	child.stdout.setEncoding('utf8').on('data', (text: string) => {
		lines += text
	})
	child.stderr.setEncoding('utf8').on('data', (text: string) => {
		said += text
	})
	const timer = setTimeout(() => child.kill('SIGKILL'), LIMIT_MS)
	const code = await new Promise<number | null>((resolve, reject) => {
		child.on('error', reject)
		child.on('close', resolve)
	})
	clearTimeout(timer)
	const kernel = existsSync(consolePath) ? readFileSync(consolePath, 'utf8').slice(-CONSOLE_CHARACTERS) : ''
	return {
		passed: code === PASSED,
		results: resultsOf(lines),
		console: `QEMU ended with ${code}: ${said}\n${kernel}`,
		seconds: Math.round((Date.now() - startedMs) / 1000)
	}
}

/** One result a line; a guest that died while it wrote leaves half of one, and has not passed anyway. */
function resultsOf(text: string): GuestResult[] {
	const whole = text.slice(0, text.lastIndexOf('\n') + 1)
	return whole
		.split('\n')
		.filter((line) => line !== '')
		.map((line) => resultShape.parse(JSON.parse(line)))
}
