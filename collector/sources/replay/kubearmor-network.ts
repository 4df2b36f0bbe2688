import { canonicalAddress } from '../../address.js'
import type { Act } from '../../aggregate.js'
import { escapeText } from '../../path.js'
import { readPath } from './decoded.js'
import { dataField, type KubeArmorFields, type Operation } from './kubearmor-fields.js'

/** Operation Network: TCP kprobes, socket calls, DNS queries, and BPF-LSM alerts about sockets. */
export function decodeNetwork({ resource, data, result }: KubeArmorFields): Operation {
	if (data.startsWith('kprobe=')) return tcpEvent(resource, data)
	if (data.startsWith('kfunc=')) return dnsQuery(data)
	const call = dataField(data, 'syscall')
	if (call === 'SYS_CONNECT') return socketCall('connect', resource, result)
	if (call === 'SYS_BIND') return socketCall('bind', resource, result)
	if (call === 'SYS_SOCKET') return newSocket(resource)
	// accept and listen name no local port here; the tcp_accept kprobe does.
	if (call !== '') return null
	return data.startsWith('lsm=') ? lsmAlert(resource) : null
}

/** KubeArmorNetworkPolicy's alerts: `SourceIP=… DestinationIP=… DestinationPort=… Protocol=…`, Resource EGRESS or INGRESS. */
export function decodeNetworkFirewall({ resource, data }: KubeArmorFields): Operation {
	const protocol = protocolOf(dataField(data, 'Protocol'))
	const port = portOf(dataField(data, 'DestinationPort') || '0')
	const isIngress = /^INGRESS$/i.test(resource)
	const peer = canonicalAddress(dataField(data, isIngress ? 'SourceIP' : 'DestinationIP'))
	if (protocol === undefined) return null
	if (port === undefined) return BAD_PORT
	if (peer === undefined) return BAD_ADDRESS
	const direction = isIngress ? 'ingress' : 'egress'
	return {
		acts: [{ verb: isIngress ? 'accept' : 'connect', object: `${direction}/${protocol}/${port}/${peer}` }]
	}
}

const BAD_PORT = 'a port is not a number from 0 to 65535'
const BAD_ADDRESS = 'an address is neither IPv4 nor IPv6'

/** Resource `remoteip=… port=… protocol=TCP`. In tcp_accept the port is the local one (KubeArmor's get_connection_info). */
function tcpEvent(resource: string, data: string): Operation {
	const peer = canonicalAddress(dataField(resource, 'remoteip'))
	const port = portOf(dataField(resource, 'port'))
	if (port === undefined) return BAD_PORT
	if (peer === undefined) return BAD_ADDRESS
	const protocol = protocolOf(dataField(resource, 'protocol')) ?? 'tcp'
	if (data.startsWith('kprobe=tcp_accept'))
		return { acts: [{ verb: 'accept', object: `ingress/${protocol}/${port}/${peer}` }] }
	if (data.startsWith('kprobe=tcp_connect'))
		return { acts: [{ verb: 'connect', object: `egress/${protocol}/${port}/${peer}` }] }
	return null
}

/** `kfunc=UDP_SENDMSG,domain=…,daddr=…,qtype=A`: a name asked for, and the datagram that carried the question. */
function dnsQuery(data: string): Operation {
	const name = dataField(data, 'domain').toLowerCase().replace(/\.+$/, '')
	if (name.length > 253) return 'a DNS name is longer than 253 bytes'
	const acts: Act[] = name === '' ? [] : [{ verb: 'resolve', object: escapeText(name) }]
	const peer = dataField(data, 'daddr')
	if (peer !== '') {
		const address = canonicalAddress(peer)
		if (address === undefined) return BAD_ADDRESS
		acts.push({ verb: 'send', object: `egress/udp/53/${address}` })
	}
	return acts.length === 0 ? null : { acts }
}

/**
 * connect(2) and bind(2) say neither TCP nor UDP. EINPROGRESS is TCP; port 53 is nearly
 * always the resolver's UDP socket (a TCP one shows in tcp_connect as well); the rest is TCP.
 */
function socketCall(verb: 'connect' | 'bind', resource: string, result: string): Operation {
	const family = dataField(resource, 'sa_family')
	const direction = verb === 'bind' ? 'ingress' : 'egress'
	if (family === 'AF_UNIX') return unixSocket(verb, direction, dataField(resource, 'sun_path'))
	if (family !== 'AF_INET' && family !== 'AF_INET6') return null
	const port = portOf(dataField(resource, 'sin_port') || dataField(resource, 'sin6_port'))
	if (port === undefined) return BAD_PORT
	// getaddrinfo connects UDP sockets to port 0 to sort addresses (RFC 6724): nothing is sent.
	if (verb === 'connect' && port === 0) return null
	const protocol = port === 53 && result !== 'Operation now in progress' ? 'udp' : 'tcp'
	if (verb === 'bind') return { acts: [{ verb, object: `ingress/${protocol}/${port}/any` }] }
	const peer = canonicalAddress(dataField(resource, 'sin_addr') || dataField(resource, 'sin6_addr'))
	return peer === undefined ? BAD_ADDRESS : { acts: [{ verb, object: `egress/${protocol}/${port}/${peer}` }] }
}

function unixSocket(verb: 'connect' | 'bind', direction: string, name: string): Operation {
	if (name === '') return null
	// An abstract name begins with a NUL, which KubeArmor prints as @ or drops.
	if (!name.startsWith('/') && Buffer.byteLength(name) > SUN_PATH_BYTES) {
		return `a socket name is longer than ${SUN_PATH_BYTES} bytes`
	}
	if (!name.startsWith('/'))
		return { acts: [{ verb, object: `${direction}/unix/0/@${escapeText(name.replace(/^[@\0]/, ''))}` }] }
	const reading = readPath(name)
	if ('refused' in reading) return reading.refused
	const { path, note } = reading
	return { acts: [{ verb, object: `${direction}/unix/0/${path}` }], ...(note === undefined ? {} : { note }) }
}

/** Only sockets that need CAP_NET_RAW say something: AF_NETLINK is SOCK_RAW for everybody. */
function newSocket(resource: string): Operation {
	const domain = dataField(resource, 'domain')
	const isRaw = dataField(resource, 'type').split('|').includes('SOCK_RAW')
	const isPacket = domain === 'AF_PACKET'
	if (!isPacket && !(isRaw && (domain === 'AF_INET' || domain === 'AF_INET6'))) return null
	const protocol = dataField(resource, 'protocol').toLowerCase()
	return {
		acts: [
			{ verb: 'raw-socket', object: `${domain}/${/^[a-z0-9_-]{1,32}$/.test(protocol) ? protocol : '0'}` }
		]
	}
}

/** BPF-LSM names the protocol of a socket that it judged, and the peer only for connections. */
function lsmAlert(resource: string): Operation {
	if (resource.includes('remoteip=')) return tcpEvent(resource, 'kprobe=tcp_connect')
	if (dataField(resource, 'sa_family') !== '') return socketCall('connect', resource, '')
	const raw = newSocket(resource)
	if (raw !== null) return raw
	const protocol = protocolOf(dataField(resource, 'protocol'))
	return protocol === undefined ? null : { acts: [{ verb: 'connect', object: `egress/${protocol}/0/any` }] }
}

/** unix(7) */
const SUN_PATH_BYTES = 108

function portOf(digits: string): number | undefined {
	if (!/^\d{1,5}$/.test(digits)) return undefined
	const port = Number(digits)
	return port <= 65_535 ? port : undefined
}

function protocolOf(name: string): string | undefined {
	const lower = name.toLowerCase()
	return PROTOCOLS.has(lower) ? lower : undefined
}

const PROTOCOLS = new Set(['tcp', 'udp', 'sctp', 'icmp', 'icmpv6'])
