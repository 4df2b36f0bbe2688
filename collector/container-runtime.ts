const RUNTIMES = /\/(?:runc|crun|youki|conmon|containerd-shim[a-z0-9-]*|docker-runc|kata-agent)$/

/** True for the executable of a program that starts containers, and puts further programs into them. */
export function isContainerRuntime(path: string): boolean {
	return RUNTIMES.test(path)
}
