/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Network: connect, send, bind, listen, accept, with the outcome, judged by the socket
 * that the kernel holds, not by the address in the program's memory (which is read only
 * to show what was refused). Egress objects are (protocol, remote address, remote port),
 * ingress ones (protocol, remote address, local port).
 */
#include "task.h"
#include <bpf/bpf_tracing.h>
#include <bpf/bpf_endian.h>

#define REGISTERS() ((struct pt_regs *)bpf_task_pt_regs(bpf_get_current_task_btf()))

#define IPPROTO_TCP 6
#define IPPROTO_UDP 17
#define IPPROTO_MPTCP 262

enum direction { EGRESS = 0, INGRESS = 1 };

struct endpoint {
	u16 family;
	u16 protocol;
	u16 port;
	u16 direction;
	u32 address[4];
};

static __always_inline u8 result_of(long ret)
{
	if (ret >= 0 || ret == -EINPROGRESS)
		return RESULT_ALLOWED;
	return ret == -EACCES || ret == -EPERM ? RESULT_DENIED : RESULT_FAILED;
}

static __always_inline struct socket *socket_of_descriptor(long descriptor)
{
	struct file *file = file_of_descriptor(descriptor);

	if (!file || (FIELD(struct inode, FIELD(struct file, file, f_inode), i_mode) & S_IFMT) != S_IFSOCK)
		return NULL;
	return FIELD(struct file, file, private_data);
}

/* ::ffff:a.b.c.d is IPv4 by another spelling; rules must not be evaded by it. */
static __always_inline void unmap(struct endpoint *end)
{
	if (end->family == AF_INET6 && !end->address[0] && !end->address[1] && end->address[2] == bpf_htonl(0xffff)) {
		end->family = AF_INET;
		end->address[0] = end->address[3];
		end->address[2] = end->address[3] = 0;
	}
}

static __always_inline void read_address(struct endpoint *end, struct sock *sk, bool local)
{
	end->address[0] = end->address[1] = end->address[2] = end->address[3] = 0;
	if (end->family == AF_INET) {
		end->address[0] = local ? FIELD(struct sock, sk, __sk_common.skc_rcv_saddr)
					: FIELD(struct sock, sk, __sk_common.skc_daddr);
	} else {
		/* Spelled out: the index must be a constant for the relocation. */
		if (local) {
			end->address[0] = FIELD(struct sock, sk, __sk_common.skc_v6_rcv_saddr.in6_u.u6_addr32[0]);
			end->address[1] = FIELD(struct sock, sk, __sk_common.skc_v6_rcv_saddr.in6_u.u6_addr32[1]);
			end->address[2] = FIELD(struct sock, sk, __sk_common.skc_v6_rcv_saddr.in6_u.u6_addr32[2]);
			end->address[3] = FIELD(struct sock, sk, __sk_common.skc_v6_rcv_saddr.in6_u.u6_addr32[3]);
		} else {
			end->address[0] = FIELD(struct sock, sk, __sk_common.skc_v6_daddr.in6_u.u6_addr32[0]);
			end->address[1] = FIELD(struct sock, sk, __sk_common.skc_v6_daddr.in6_u.u6_addr32[1]);
			end->address[2] = FIELD(struct sock, sk, __sk_common.skc_v6_daddr.in6_u.u6_addr32[2]);
			end->address[3] = FIELD(struct sock, sk, __sk_common.skc_v6_daddr.in6_u.u6_addr32[3]);
		}
		unmap(end);
	}
}

static __always_inline u16 protocol_of(struct sock *sk)
{
	u16 protocol = FIELD(struct sock, sk, sk_protocol);

	return protocol == IPPROTO_MPTCP ? IPPROTO_TCP : protocol;
}

static __always_inline u64 endpoint_object(const struct endpoint *end, struct configuration *c)
{
	u64 hash = mix(c->seed, ((u64)end->family << 48) | ((u64)end->protocol << 32) | ((u64)end->port << 16) |
					end->direction);

	hash = mix(hash, ((u64)end->address[0] << 32) | end->address[1]);
	return mix(hash, ((u64)end->address[2] << 32) | end->address[3]);
}

/* Describes an endpoint; past the unit's budget the address gives way to "any". */
static __always_inline u64 describe_endpoint(struct endpoint *end, u64 unit, struct configuration *c)
{
	u64 object = endpoint_object(end, c);
	struct first_sight *record;
	u16 flags = 0;

	if (is_seen(object))
		return object;
	if (!within_budget(mix(mix(c->seed, unit), 0x100 | end->direction), c->peer_budget)) {
		note_loss(LOSS_COLLAPSED);
		end->address[0] = end->address[1] = end->address[2] = end->address[3] = 0;
		object = mix(endpoint_object(end, c), 1);
		if (is_seen(object))
			return object;
		flags = RECORD_COLLAPSED;
	}
	record = reserve(RECORD_NETWORK, object);
	if (!record)
		return 0;
	record->unit = unit;
	record->flags = flags;
	record->family = end->family;
	record->protocol = end->protocol;
	record->port = end->port;
	record->direction = end->direction;
	__builtin_memcpy(record->address, end->address, sizeof(end->address));
	if (!remember(object)) {
		bpf_ringbuf_discard(record, BPF_RB_NO_WAKEUP);
		return 0;
	}
	submit(record);
	return object;
}

static __always_inline int count_endpoint(struct task_record *record, u16 operation, u8 result,
					  struct endpoint *end, struct configuration *c)
{
	struct counter_key key = key_of(record, operation, result, 0);

	if (result != RESULT_FAILED && end) {
		key.object = endpoint_object(end, c);
		if (count_known(&key))
			return 0;
		key.object = describe_endpoint(end, key.unit, c);
	}
	count(&key);
	return 0;
}

/* A Unix socket's name: the file it is bound to as the kernel found it, or its abstract name. */
static __always_inline u64 describe_unix(struct sock *sk, u16 direction, u64 unit, struct configuration *c)
{
	struct unix_sock *named = (struct unix_sock *)sk;
	struct unix_address *address = BPF_CORE_READ(named, addr);
	struct first_sight *record;
	struct place place;
	u64 object;

	if (!address)
		return 0;
	read_place(&place, (void *)named + bpf_core_field_offset(struct unix_sock, path));
	if (place.dentry) {
		struct dentry *leaf = place.dentry;
		struct inode *inode = BPF_CORE_READ(leaf, d_inode);

		if (!inode)
			return 0;
		object = mix(place_object(&place, inode, c), 0x200 | direction);
	} else {
		/* sun_path begins after the family; an abstract name begins with NUL. */
		u64 words[4] = {};

		bpf_probe_read_kernel(words, sizeof(words), (void *)address + bpf_core_type_size(struct unix_address) + 2);
		object = mix(mix(mix(mix(mix(c->seed, words[0]), words[1]), words[2]), words[3]), 0x300 | direction);
	}
	if (is_seen(object))
		return object;
	if (!within_budget(mix(mix(c->seed, unit), 0x200 | direction), c->peer_budget)) {
		note_loss(LOSS_COLLAPSED);
		return 0;
	}
	record = reserve(RECORD_UNIX, object);
	if (!record)
		return 0;
	record->unit = unit;
	record->family = AF_UNIX;
	record->direction = direction;
	if (place.dentry) {
		append_names(record, (u64)place.dentry, (u64)place.mnt);
	} else {
		long length = BPF_CORE_READ(address, len) - 2;

		if (length < 0 || length > 108)
			length = 0;
		record->flags |= RECORD_ABSTRACT;
		if (bpf_probe_read_kernel(record->text, length & 127,
					  (void *)address + bpf_core_type_size(struct unix_address) + 2) == 0)
			record->length = length;
	}
	if (!remember(object)) {
		bpf_ringbuf_discard(record, BPF_RB_NO_WAKEUP);
		return 0;
	}
	submit(record);
	return object;
}

static __always_inline int count_unix(struct task_record *record, u16 operation, u8 result, struct sock *sk,
				      u16 direction, struct configuration *c)
{
	u64 object = sk && result == RESULT_ALLOWED ? describe_unix(sk, direction, record->unit, c) : 0;
	struct counter_key key = key_of(record, operation, result, object);

	count(&key);
	return 0;
}

/* The address that the program passed: only to show what was refused. */
static __always_inline bool read_user_address(struct endpoint *end, const void *address)
{
	struct {
		u16 family;
		u16 port;
		u32 rest[6];
	} user = {};

	if (bpf_probe_read_user(&user, 28, address) && bpf_probe_read_user(&user, 16, address))
		return false;
	end->family = user.family;
	end->port = bpf_ntohs(user.port);
	if (user.family == AF_INET) {
		end->address[0] = user.rest[0];
		end->address[1] = end->address[2] = end->address[3] = 0;
	} else {
		/* sin6_flowinfo comes before the address. */
		end->address[0] = user.rest[1];
		end->address[1] = user.rest[2];
		end->address[2] = user.rest[3];
		end->address[3] = user.rest[4];
		unmap(end);
	}
	return true;
}

SEC("tp/syscalls/sys_exit_connect")
int handle_connect(struct trace_event_raw_sys_exit *context)
{
	struct configuration *c = config();
	struct pt_regs *regs = REGISTERS();
	struct endpoint end = {.direction = EGRESS};
	u8 result = result_of(context->ret);
	struct task_record *record;
	struct socket *socket;
	struct sock *sk;
	u16 family;

	if (!c)
		return 0;
	record = actor(c);
	if (!record)
		return 0;
	socket = socket_of_descriptor((int)ARGUMENT_0(regs));
	sk = socket ? FIELD(struct socket, socket, sk) : NULL;
	if (!sk)
		return count_endpoint(record, OP_CONNECT, RESULT_FAILED, NULL, c);
	family = FIELD(struct sock, sk, __sk_common.skc_family);
	if (family == AF_UNIX)
		return count_unix(record, OP_CONNECT, result, BPF_CORE_READ((struct unix_sock *)sk, peer), EGRESS, c);
	if (family != AF_INET && family != AF_INET6)
		return count_endpoint(record, OP_CONNECT, RESULT_FAILED, NULL, c);
	end.family = family;
	end.protocol = protocol_of(sk);
	if (result == RESULT_DENIED) {
		if (!read_user_address(&end, (void *)ARGUMENT_1(regs)))
			return count_endpoint(record, OP_CONNECT, result, NULL, c);
	} else {
		end.port = bpf_ntohs(FIELD(struct sock, sk, __sk_common.skc_dport));
		read_address(&end, sk, false);
		/* connect(AF_UNSPEC) dissolves an association: no peer, no behaviour. */
		if (!end.port && !end.address[0] && !end.address[1] && !end.address[3])
			result = RESULT_FAILED;
	}
	return count_endpoint(record, OP_CONNECT, result, &end, c);
}

SEC("tp/syscalls/sys_exit_bind")
int handle_bind(struct trace_event_raw_sys_exit *context)
{
	struct configuration *c = config();
	struct pt_regs *regs = REGISTERS();
	struct endpoint end = {.direction = INGRESS}, asked = {};
	u8 result = result_of(context->ret);
	struct task_record *record;
	struct socket *socket;
	struct sock *sk;
	u16 family;

	if (!c)
		return 0;
	record = actor(c);
	if (!record)
		return 0;
	socket = socket_of_descriptor((int)ARGUMENT_0(regs));
	sk = socket ? FIELD(struct socket, socket, sk) : NULL;
	if (!sk)
		return count_endpoint(record, OP_BIND, RESULT_FAILED, NULL, c);
	family = FIELD(struct sock, sk, __sk_common.skc_family);
	if (family == AF_UNIX)
		return count_unix(record, OP_BIND, result, sk, INGRESS, c);
	if (family != AF_INET && family != AF_INET6)
		return count_endpoint(record, OP_BIND, RESULT_FAILED, NULL, c);
	read_user_address(&asked, (void *)ARGUMENT_1(regs));
	end.family = family;
	end.protocol = protocol_of(sk);
	if (result == RESULT_ALLOWED) {
		/* Port 0 asks for any free port: the one it got will never come again. */
		end.port = asked.port ? FIELD(struct sock, sk, __sk_common.skc_num) : 0;
		read_address(&end, sk, true);
	} else {
		end.port = asked.port;
		end.family = asked.family;
		__builtin_memcpy(end.address, asked.address, sizeof(end.address));
	}
	return count_endpoint(record, OP_BIND, result, &end, c);
}

SEC("tp/syscalls/sys_exit_listen")
int handle_listen(struct trace_event_raw_sys_exit *context)
{
	struct configuration *c = config();
	struct pt_regs *regs = REGISTERS();
	struct endpoint end = {.direction = INGRESS};
	u8 result = result_of(context->ret);
	struct task_record *record;
	struct socket *socket;
	struct sock *sk;
	u16 family;

	if (!c)
		return 0;
	record = actor(c);
	if (!record)
		return 0;
	socket = socket_of_descriptor((int)ARGUMENT_0(regs));
	sk = socket ? FIELD(struct socket, socket, sk) : NULL;
	if (!sk)
		return count_endpoint(record, OP_LISTEN, RESULT_FAILED, NULL, c);
	family = FIELD(struct sock, sk, __sk_common.skc_family);
	if (family == AF_UNIX)
		return count_unix(record, OP_LISTEN, result, sk, INGRESS, c);
	if (family != AF_INET && family != AF_INET6)
		return count_endpoint(record, OP_LISTEN, RESULT_FAILED, NULL, c);
	end.family = family;
	end.protocol = protocol_of(sk);
	end.port = FIELD(struct sock, sk, __sk_common.skc_num);
	read_address(&end, sk, true);
	return count_endpoint(record, OP_LISTEN, result, &end, c);
}

static __always_inline int accepted(struct trace_event_raw_sys_exit *context)
{
	struct configuration *c = config();
	struct endpoint end = {.direction = INGRESS};
	u8 result = result_of(context->ret);
	struct task_record *record;
	struct socket *socket;
	struct sock *sk;
	u16 family;

	if (!c)
		return 0;
	record = actor(c);
	if (!record)
		return 0;
	socket = result == RESULT_ALLOWED ? socket_of_descriptor(context->ret) : NULL;
	sk = socket ? FIELD(struct socket, socket, sk) : NULL;
	if (!sk)
		return count_endpoint(record, OP_ACCEPT, result, NULL, c);
	family = FIELD(struct sock, sk, __sk_common.skc_family);
	if (family == AF_UNIX)
		return count_unix(record, OP_ACCEPT, result, sk, INGRESS, c);
	if (family != AF_INET && family != AF_INET6)
		return count_endpoint(record, OP_ACCEPT, RESULT_FAILED, NULL, c);
	end.family = family;
	end.protocol = protocol_of(sk);
	end.port = FIELD(struct sock, sk, __sk_common.skc_num);
	read_address(&end, sk, false);
	return count_endpoint(record, OP_ACCEPT, result, &end, c);
}

SEC("tp/syscalls/sys_exit_accept")
int handle_accept(struct trace_event_raw_sys_exit *context)
{
	return accepted(context);
}

SEC("tp/syscalls/sys_exit_accept4")
int handle_accept4(struct trace_event_raw_sys_exit *context)
{
	return accepted(context);
}

/*
 * Connections that no connect(2) made: sendto with MSG_FASTOPEN, io_uring. The state
 * change runs in the caller's context with the peer already set.
 */
SEC("tp_btf/inet_sock_set_state")
int BPF_PROG(handle_other_connect, const struct sock *sk, const int before, const int after)
{
	struct configuration *c;
	struct endpoint end = {.direction = EGRESS};
	struct task_record *record;
	struct pt_regs *regs;

	/* TCP_CLOSE (7) → TCP_SYN_SENT (2): an active open. */
	if (before != 7 || after != 2)
		return 0;
	regs = REGISTERS();
#if defined(__TARGET_ARCH_x86)
	if (SYSCALL_NUMBER(regs) == 42)
#else
	if (SYSCALL_NUMBER(regs) == 203)
#endif
		return 0;
	c = config();
	if (!c)
		return 0;
	record = actor(c);
	if (!record)
		return 0;
	end.family = FIELD(struct sock, sk, __sk_common.skc_family);
	end.protocol = IPPROTO_TCP;
	end.port = bpf_ntohs(FIELD(struct sock, sk, __sk_common.skc_dport));
	read_address(&end, (struct sock *)sk, false);
	return count_endpoint(record, OP_CONNECT, RESULT_ALLOWED, &end, c);
}

/*
 * Who sends. 6.1 and 6.12 give task storage to no program of a cgroup, 6.18 does; without it
 * the sender is found out anew for each datagram, as for a task that was running before us.
 */
static __always_inline struct task_record *sender(struct configuration *c, struct task_record *anew)
{
	if (LINUX_KERNEL_VERSION >= ((6 << 16) + (18 << 8)))
		return actor(c);
	if (bpf_get_current_task_btf()->flags & PF_KTHREAD)
		return NULL;
	adopt(bpf_get_current_task(), anew);
	return anew->flags & TASK_SELF ? NULL : anew;
}

/*
 * Datagrams with an address of their own (sendto, sendmsg, sendmmsg), from the kernel's
 * copy of it. Attached at the root: programs of cgroups below have decided before, and
 * what they denied is an attempt, not a need.
 */
static __always_inline int sent(struct bpf_sock_addr *context, struct endpoint *end)
{
	struct configuration *c = config();
	struct task_record anew = {}, *record = c ? sender(c, &anew) : NULL;
	u8 result = bpf_get_retval() < 0 ? RESULT_DENIED : RESULT_ALLOWED;

	if (!record)
		return 1;
	end->protocol = context->protocol;
	end->port = bpf_ntohs(context->user_port);
	end->direction = EGRESS;
	count_endpoint(record, OP_SEND, result, end, c);
	return 1;
}

SEC("cgroup/sendmsg4")
int handle_sendmsg4(struct bpf_sock_addr *context)
{
	struct endpoint end = {.family = AF_INET};

	end.address[0] = context->user_ip4;
	return sent(context, &end);
}

SEC("cgroup/sendmsg6")
int handle_sendmsg6(struct bpf_sock_addr *context)
{
	struct endpoint end = {.family = AF_INET6};

	end.address[0] = context->user_ip6[0];
	end.address[1] = context->user_ip6[1];
	end.address[2] = context->user_ip6[2];
	end.address[3] = context->user_ip6[3];
	unmap(&end);
	return sent(context, &end);
}
