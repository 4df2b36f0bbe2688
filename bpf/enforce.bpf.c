/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * The network class held for one v2 cgroup: connect, sendmsg and bind of everything in
 * it. One instance of this object is loaded for each cgroup that is held, with its own
 * `slot`; the tables are shared. A policy is a generation: its permissions are written
 * first, then the slot is pointed at them, so there is no moment without a policy and
 * none with half of one. Only addresses in the kernel's own copy are looked at.
 */
#include "path.h"
#include <bpf/bpf_endian.h>
#include <bpf/bpf_tracing.h>

#define IPPROTO_TCP 6
#define IPPROTO_UDP 17
#define IPPROTO_MPTCP 262

enum mode { MODE_OFF = 0, MODE_AUDIT = 1, MODE_BLOCK = 2 };

struct held_policy {
	u32 generation;
	u32 mode;
};

/* An address trie below (generation, direction, protocol, port); port 0 is any port. */
struct permission_key {
	u32 prefix_bits;
	u32 generation;
	u8 direction;
	u8 protocol;
	u16 port;
	u8 address[16]; /* IPv4 as ::ffff:a.b.c.d */
};

struct denial_key {
	u32 slot;
	u32 generation;
	u64 source;
	u16 operation;
	u8 direction;
	u8 mode;
	u16 protocol;
	u16 port;
	u8 address[16];
};

const volatile u32 slot = 0;

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1024);
	__type(key, u32);
	__type(value, struct held_policy);
} held_policies SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(max_entries, 131072);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct permission_key);
	__type(value, u32);
} permissions SEC(".maps");

struct denials_inner {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 8192);
	__type(key, struct denial_key);
	__type(value, struct counter_value);
};

struct denials_inner denials_a SEC(".maps");
struct denials_inner denials_b SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, 1);
	__type(key, u32);
	__array(values, struct denials_inner);
} denials SEC(".maps") = {.values = {&denials_a}};

/* Denials of a slot whose detail had no room. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1024);
	__type(key, u32);
	__type(value, u64);
} denial_remainders SEC(".maps");

static __always_inline void count_denial(const struct denial_key *key)
{
	struct counter_value first = {.count = 1}, *value;
	u32 zero = 0, index = key->slot;
	void *inner = bpf_map_lookup_elem(&denials, &zero);
	u64 *remainder;

	if (inner) {
		value = bpf_map_lookup_elem(inner, key);
		if (!value) {
			first.first_ns = bpf_ktime_get_boot_ns();
			first.pid = bpf_get_current_pid_tgid() >> 32;
			if (bpf_map_update_elem(inner, key, &first, BPF_NOEXIST) == 0)
				return;
			value = bpf_map_lookup_elem(inner, key);
		}
		if (value) {
			__sync_fetch_and_add(&value->count, 1);
			return;
		}
	}
	remainder = bpf_map_lookup_elem(&denial_remainders, &index);
	if (remainder)
		__sync_fetch_and_add(remainder, 1);
}

static __always_inline u64 current_executable(void)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	struct configuration *c = config();
	struct file *file = BPF_CORE_READ(task, mm, exe_file);

	return file && c ? file_object(file, c) : 0;
}

/* 1 lets the call go on, 0 makes it fail with EPERM. */
static __always_inline int decide(u16 operation, u8 direction, u32 protocol, u16 port, const u32 address[4])
{
	u32 index = slot;
	struct held_policy *policy = bpf_map_lookup_elem(&held_policies, &index);
	struct permission_key key = {};
	struct denial_key denial = {};

	if (!policy || policy->mode == MODE_OFF)
		return 1;
	/* Asking for any free port to bind to opens nothing that could be named beforehand. */
	if (operation == OP_BIND && port == 0)
		return 1;
	if (protocol == IPPROTO_MPTCP)
		protocol = IPPROTO_TCP;
	key.prefix_bits = 64 + 128;
	key.generation = policy->generation;
	key.direction = direction;
	key.protocol = protocol;
	key.port = port;
	__builtin_memcpy(key.address, address, sizeof(key.address));
	if (bpf_map_lookup_elem(&permissions, &key))
		return 1;
	key.port = 0;
	if (bpf_map_lookup_elem(&permissions, &key))
		return 1;

	denial.slot = index;
	denial.generation = policy->generation;
	denial.source = current_executable();
	denial.operation = operation;
	denial.direction = direction;
	denial.mode = policy->mode;
	denial.protocol = protocol;
	denial.port = port;
	__builtin_memcpy(denial.address, address, sizeof(denial.address));
	count_denial(&denial);
	return policy->mode == MODE_BLOCK ? 0 : 1;
}

static __always_inline int decide4(struct bpf_sock_addr *context, u16 operation, u8 direction)
{
	u32 address[4] = {0, 0, bpf_htonl(0xffff), context->user_ip4};

	return decide(operation, direction, context->protocol, bpf_ntohs(context->user_port), address);
}

static __always_inline int decide6(struct bpf_sock_addr *context, u16 operation, u8 direction)
{
	u32 address[4];

	address[0] = context->user_ip6[0];
	address[1] = context->user_ip6[1];
	address[2] = context->user_ip6[2];
	address[3] = context->user_ip6[3];
	return decide(operation, direction, context->protocol, bpf_ntohs(context->user_port), address);
}

SEC("cgroup/connect4")
int hold_connect4(struct bpf_sock_addr *context)
{
	return decide4(context, OP_CONNECT, 0);
}

SEC("cgroup/connect6")
int hold_connect6(struct bpf_sock_addr *context)
{
	return decide6(context, OP_CONNECT, 0);
}

SEC("cgroup/sendmsg4")
int hold_sendmsg4(struct bpf_sock_addr *context)
{
	return decide4(context, OP_SEND, 0);
}

SEC("cgroup/sendmsg6")
int hold_sendmsg6(struct bpf_sock_addr *context)
{
	return decide6(context, OP_SEND, 0);
}

SEC("cgroup/bind4")
int hold_bind4(struct bpf_sock_addr *context)
{
	return decide4(context, OP_BIND, 1);
}

SEC("cgroup/bind6")
int hold_bind6(struct bpf_sock_addr *context)
{
	return decide6(context, OP_BIND, 1);
}
