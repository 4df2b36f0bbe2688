/**
 * How much harm an executable can do in an intruder's hands: 1 for shells and interpreters, which do what
 * they are told, 2 for tools that fetch, connect, escalate or install, and for programs that lie where
 * anybody may put files.
 */
export function execSensitivity(path: string): 0 | 1 | 2 {
	if (DROP_PLACES.test(path)) return 2
	const name = path.slice(path.lastIndexOf('/') + 1)
	if (TOOLS.has(name) || MINER.test(name)) return 2
	return INTERPRETER.test(name) || LANGUAGE_TOOLS.has(name) ? 1 : 0
}

/** Interpreters by the names of their executables, with versions: `python3.11`, `php-fpm8.2`, `mawk`. */
export function isInterpreter(path: string): boolean {
	return INTERPRETER.test(path.slice(path.lastIndexOf('/') + 1))
}

const INTERPRETER =
	/^(?:(?:[bd]?a|[ckz]|tc|fi)?sh|rbash|busybox|toybox|python[\d.]*m?|pypy[\d.]*|perl[\d.]*|ruby[\d.]*|j?irb|node|nodejs|deno|bun|php(?:-(?:cgi|fpm))?[\d.]*|lua(?:jit)?[\d.-]*|java|jshell|groovy|tclsh[\d.]*|expect|[gmn]?awk|guile[\d.]*|erl|beam\.smp|iex|Rscript|osascript|pwsh|R)$/

/** Places where every user may create files, and programs without a file (memfd_create(2)). */
const DROP_PLACES =
	/^(?:\/(?:tmp|var\/tmp|dev\/shm|run\/lock|var\/lock|run\/user\/[^/]+)\/|\/proc\/|\/?memfd:|\/memfd:)/

const MINER = /^(?:xmr|minerd|cpuminer|ethminer|cgminer|bfgminer|t-rex$|nbminer|lolminer|kinsing|kdevtmpfsi)/i

/** Package tools of languages: ordinary in a build, strange in a server. */
const LANGUAGE_TOOLS: ReadonlySet<string> = new Set(
	'pip pip3 pipx npm npx yarn pnpm gem bundle composer cargo go mvn gradle cpan conda uv'.split(' ')
)

const TOOLS: ReadonlySet<string> = new Set(
	// Fetch and carry.
	(
		'curl wget fetch aria2c ftp lftp tftp sftp scp rsync rclone smbclient' +
		// Connect and listen.
		' nc ncat netcat nc.openbsd nc.traditional socat telnet ssh sshd ssh-keygen ssh-copy-id autossh chisel ngrok cloudflared tor proxychains proxychains4' +
		// Look around.
		' nmap masscan zmap tcpdump tshark dumpcap arp-scan ettercap hping3 nslookup dig host whois traceroute arp ss netstat lsof strace ltrace gdb gdbserver' +
		// Install and build.
		' apt apt-get apt-cache aptitude dpkg apk yum dnf microdnf rpm zypper pacman snap flatpak brew gcc g++ cc c++ clang tcc as ld make cmake' +
		// Change who may do what.
		' chmod chown chgrp chattr setfacl setcap su sudo doas pkexec passwd chpasswd useradd adduser usermod groupadd visudo newgrp gpasswd' +
		// Get out of a container, or into the kernel.
		' mount umount nsenter unshare chroot pivot_root capsh insmod modprobe rmmod kexec bpftool debugfs losetup fdisk sysctl' +
		' docker podman nerdctl ctr crictl runc crun kubectl helm oc k3s minikube aws gcloud az vault terraform' +
		// Stay, hide, encode.
		' crontab at atd batch systemctl service nohup setsid screen tmux base64 base32 xxd uuencode openssl gpg shred dd ncrack hydra john hashcat'
	).split(' ')
)
