import type { Note } from '../discovery/policy.js'
import type { Process } from './processes.js'

/** The workload that somebody wants to enforce on, as its row in the store says. */
export interface Subject {
	workloadId: number
	/** Canonical name. */
	name: string
	form: 'container' | 'host'
	namespace: string
	kind: string
	owner: string
	container: string
	node: string
	/** Path below the v2 root; '' when it has none of its own. */
	cgroup: string
}

/** Another workload that was seen in a cgroup. */
export interface Neighbour {
	name: string
	cgroup: string
}

/** What must not be cut off, besides the fixed lists below. */
export interface Standing {
	processes: readonly Process[]
	/** Whittle's own processes. */
	ownPids: readonly number[]
	/** The process that asked, on this machine; its ancestors are the login that must survive. */
	callerPid: number | null
}

/**
 * Why this workload is never enforced on, by any target; empty when it may be. The list is
 * fixed: what keeps the machine, the cluster and its operators reachable is shown and never
 * held, however good its policy looks.
 */
export function neverEnforced(subject: Subject): Note[] {
	return subject.form === 'host' ? protectedUnit(subject) : protectedPod(subject)
}

/**
 * Why no denial may be attached to this workload's cgroup; empty when it may. A program on a
 * v2 cgroup acts on every process in it and below it, so the cgroup must be the workload's alone.
 */
export function cgroupRefusals(
	subject: Subject,
	neighbours: readonly Neighbour[],
	standing: Standing
): Note[] {
	if (subject.form !== 'host') {
		return [
			refusal(
				'host.container',
				`${subject.name} is a container: the host target holds host workloads; use the network-policy language for pods.`
			)
		]
	}
	if (!isOwnCgroup(subject.cgroup)) {
		return [
			refusal(
				'host.root-cgroup',
				`${subject.name} has no v2 cgroup of its own: a denial at the root cgroup would hit every process of ${subject.node || 'this host'}. Run it in a cgroup, e.g. as a systemd unit or with "whittle learn --".`
			)
		]
	}
	return [
		...sharedWith(subject, neighbours),
		...protectedProcesses(subject, standing),
		...loginRefusals(subject, standing)
	]
}

/** True for a path below the v2 root that names a cgroup and cannot name another one. */
export function isOwnCgroup(cgroup: string): boolean {
	if (!cgroup.startsWith('/') || cgroup === '/') return false
	return cgroup
		.slice(1)
		.split('/')
		.every((part) => part !== '' && part !== '.' && part !== '..')
}

const UNITS: readonly { what: string; pattern: RegExp }[] = [
	{
		what: 'a container runtime or its shim',
		pattern:
			/^(containerd(-shim.*)?|runc|crun|youki|conmon(rs)?|crio|cri-o|dockerd|docker|docker-proxy|podman|buildkitd|pause)$/
	},
	{
		what: 'the kubelet',
		pattern: /^(kubelet|k3s(-server|-agent)?|k0s\w*|rke2(-server|-agent)?|microk8s.*)$/
	},
	{
		what: 'init or a part of it',
		pattern: /^(init|init\.scope|systemd|systemd-.+|openrc.*|runit|s6-svscan|dbus(-daemon|-broker)?|udevd)$/
	},
	{
		what: 'a way to log in',
		pattern:
			/^(sshd?|sshd-session|sshd-auth|dropbear|login|[am]?getty|serial-getty|console-getty|gdm3?|sddm|lightdm|session-c?[0-9]+|user(-[0-9]+)?(@.*)?|su|sudo|polkitd?|tailscaled|cloudflared|teleport)$/
	},
	{
		what: 'a DNS resolver',
		pattern: /^(named|bind9|unbound|dnsmasq|nscd|systemd-resolve|coredns|kresd|pdns-recursor|knot-resolver)$/
	},
	{ what: 'the API server or its store', pattern: /^(kube-apiserver|etcd)$/ },
	{
		what: 'a part of the cluster network (CNI)',
		pattern:
			/^(calico-.+|cilium-.+|flanneld|kube-proxy|weaver?|antrea-.+|kube-router|ovnkube.*|multus.*|aws-node|kindnetd?)$/
	},
	{ what: 'Whittle itself', pattern: /^whittle([-.].*)?$/ }
]

const PODS: readonly { what: string; pattern: RegExp }[] = [
	{ what: 'DNS of the cluster', pattern: /^(coredns|kube-dns|node-?local-?dns)(-.*)?$/ },
	{
		what: 'the API server or its store',
		pattern: /^(kube-apiserver|etcd|kube-controller-manager|kube-scheduler)(-.*)?$/
	},
	{
		what: 'a part of the cluster network (CNI)',
		pattern:
			/^(kube-proxy|calico-.+|canal|cilium(-.+)?|kube-flannel(-.*)?|weave-net|antrea-.+|kube-router|ovnkube-.+|kube-multus(-.*)?|aws-node|azure-cni.*|kindnet|istio-cni-node|konnectivity-agent)$/
	},
	{ what: 'an enforcer', pattern: /^(kubearmor(-.*)?|whittle(-.*)?)$/ }
]

function protectedUnit(subject: Subject): Note[] {
	const unit = subject.name.split('/').at(-1) ?? ''
	const base = unit.replace(/\.(service|scope|slice|socket|mount|timer)$/, '')
	const names = [base, base.replace(/@.*$/, '')]
	return UNITS.filter((one) => names.some((name) => one.pattern.test(name))).map((one) =>
		refusal('never.unit', `${subject.name} is ${one.what}: it is shown and never blocked.`)
	)
}

function protectedPod(subject: Subject): Note[] {
	return PODS.filter((one) => one.pattern.test(subject.owner)).map((one) =>
		refusal('never.pod', `${subject.name} is ${one.what}: it is shown and never blocked.`)
	)
}

function sharedWith(subject: Subject, neighbours: readonly Neighbour[]): Note[] {
	const inside = neighbours.filter(
		(one) => one.name !== subject.name && one.cgroup !== '' && isWithin(one.cgroup, subject.cgroup)
	)
	if (inside.length === 0) return []
	const names = inside.map((one) => one.name).toSorted()
	const more = names.length > 3 ? ` and ${names.length - 3} more` : ''
	return [
		refusal(
			'host.shared-cgroup',
			`The cgroup ${subject.cgroup} is shared with ${names.slice(0, 3).join(', ')}${more}: a denial there would hit them too.`
		)
	]
}

/** Protected programs that run in the cgroup now, whatever the workload is called. */
function protectedProcesses(subject: Subject, standing: Standing): Note[] {
	const notes: Note[] = []
	for (const process of standing.processes) {
		if (!isWithin(process.cgroup, subject.cgroup)) continue
		// `init` and `systemd` are also what containers call their first process: only pid 1 is init.
		const kind = UNITS.find(
			(one) => one.pattern.test(process.program) && !(one.what.startsWith('init') && process.pid !== 1)
		)
		if (kind || process.pid === 1) {
			notes.push(
				refusal(
					'never.process',
					`The cgroup ${subject.cgroup} holds ${process.program} (process ${process.pid}), ${kind?.what ?? 'init'}, which is never blocked.`
				)
			)
		} else if (process.isSessionLeader && process.hasTerminal) {
			notes.push(
				refusal(
					'host.login',
					`The cgroup ${subject.cgroup} holds a terminal session (${process.program}, process ${process.pid}): a denial there could cut off a login.`
				)
			)
		}
	}
	return notes.slice(0, 5)
}

function loginRefusals(subject: Subject, standing: Standing): Note[] {
	const notes: Note[] = []
	const own = standing.ownPids.flatMap((pid) => lineage(standing.processes, pid))
	if (own.some((process) => isWithin(process.cgroup, subject.cgroup))) {
		notes.push(
			refusal(
				'never.whittle',
				`Whittle runs in the cgroup ${subject.cgroup}, or was started from it: it never blocks itself.`
			)
		)
	}
	const caller = standing.callerPid === null ? [] : lineage(standing.processes, standing.callerPid)
	const cutOff = caller.find((process) => isWithin(process.cgroup, subject.cgroup))
	if (cutOff) {
		notes.push(
			refusal(
				'host.this-login',
				`${cutOff.program} (process ${cutOff.pid}), from which this command was started, runs in the cgroup ${subject.cgroup}: a denial there would cut off this login.`
			)
		)
	}
	return notes
}

/** A process and its ancestors up to init; a broken or looping chain ends it. */
export function lineage(processes: readonly Process[], pid: number): Process[] {
	const byPid = new Map(processes.map((one) => [one.pid, one]))
	const chain: Process[] = []
	const seen = new Set<number>()
	for (let at = byPid.get(pid); at && !seen.has(at.pid); at = byPid.get(at.parentPid)) {
		seen.add(at.pid)
		chain.push(at)
	}
	return chain
}

function isWithin(cgroup: string, ancestor: string): boolean {
	return cgroup === ancestor || cgroup.startsWith(`${ancestor}/`)
}

function refusal(code: string, text: string): Note {
	return { code, severity: 'refusal', text }
}
