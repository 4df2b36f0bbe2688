/**
 * Files that every container has and no image lists: what the kernel makes under /proc, /sys and /dev,
 * what the container runtime mounts, and the service account that Kubernetes mounts into every pod
 * (Kubernetes documentation, "Configure Service Accounts for Pods"). /proc as in proc(5).
 */
export const RUNTIME_FILES: readonly string[] = [
	...below('/proc/', [
		...['cmdline', 'cpuinfo', 'devices', 'diskstats', 'filesystems', 'interrupts', 'ioports', 'kallsyms'],
		...['kcore', 'keys', 'kmsg', 'loadavg', 'meminfo', 'modules', 'mounts', 'partitions', 'sched_debug'],
		...['stat', 'swaps', 'sysrq-trigger', 'timer_list', 'uptime', 'version', 'vmstat'],
		...['net/dev', 'net/fib_trie', 'net/route', 'net/tcp', 'net/tcp6', 'net/udp', 'net/unix'],
		...['1/cmdline', '1/environ', '1/maps', '1/mem', '1/root', '1/status'],
		...['self/cmdline', 'self/environ', 'self/maps', 'self/mem', 'self/mounts', 'self/status'],
		...['sys/kernel/core_pattern', 'sys/kernel/hostname', 'sys/kernel/modprobe'],
		...['sys/kernel/yama/ptrace_scope', 'sys/net/core/somaxconn', 'sys/vm/overcommit_memory']
	]),
	...below('/dev/', ['console', 'full', 'null', 'ptmx', 'random', 'tty', 'urandom', 'zero']),
	...below('/sys/', ['fs/cgroup/cgroup.procs', 'kernel/security/lsm', 'kernel/uevent_helper']),
	...below('/etc/', ['hostname', 'hosts', 'mtab', 'resolv.conf']),
	...below('/run/secrets/kubernetes.io/serviceaccount/', ['ca.crt', 'namespace', 'token'])
]

function below(directory: string, names: readonly string[]): string[] {
	return names.map((name) => `${directory}${name}`)
}
