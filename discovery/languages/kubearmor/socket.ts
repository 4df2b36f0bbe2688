/**
 * KubeArmor never looks at a socket's family: a stream socket without a protocol counts as TCP
 * and a datagram socket as UDP, those of unix domain too (match_net_rules in
 * KubeArmor/BPF/enforcer.bpf.c). The loggers' sockets are the datagram ones that everybody meets;
 * any other is taken for a stream.
 */
export function unixProtocol(path: string): 'tcp' | 'udp' {
	return DATAGRAM_SOCKETS.test(path) ? 'udp' : 'tcp'
}

const DATAGRAM_SOCKETS = /^\/?(?:dev\/log|run\/systemd\/(?:journal\/.*|notify))$/

/**
 * True for ICMP that arrives. The kernel answers an echo request by itself; a rule for it would
 * grant ping sockets to the pod, which is another thing.
 */
export function isAnsweredByKernel(object: string): boolean {
	return /^ingress\/icmp(v6)?\//.test(object)
}
