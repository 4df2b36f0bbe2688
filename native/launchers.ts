/**
 * Whose children start a workload of their own where no cgroup says so (design: Workload):
 * 1 always, 2 only with a controlling terminal. Names as the kernel keeps them: 15 bytes.
 */
export const launchers: [string, number][] = [
	['init', 1],
	['systemd', 1],
	['login', 1],
	['sshd', 1],
	['sshd-session', 1],
	['dropbear', 1],
	['cron', 1],
	['crond', 1],
	['atd', 1],
	['anacron', 1],
	['sudo', 1],
	['su', 1],
	['tmux: server', 1],
	['screen', 1],
	['supervisord', 1],
	['runsvdir', 1],
	['runsv', 1],
	['s6-supervise', 1],
	['containerd-shim', 1],
	['conmon', 1],
	['crio-conmon', 1],
	['docker-init', 1],
	['tini', 1],
	['bash', 2],
	['sh', 2],
	['dash', 2],
	['zsh', 2],
	['fish', 2],
	['ksh', 2],
	['ash', 2]
]
