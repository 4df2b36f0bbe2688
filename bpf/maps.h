/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * The maps that all objects share (the loader gives the second and later objects the
 * first one's), and the three things that a program does with them: find out who acts,
 * count, and describe an object once.
 *
 * No program uses shared per-CPU scratch: since BPF programs can be preempted, another
 * event on the same CPU would overwrite it (falco#3955, elastic/quark#305). Scratch is
 * the stack or a reserved ring record. No map of evidence is an LRU: those evict silently.
 */
#ifndef WHITTLE_MAPS_H
#define WHITTLE_MAPS_H

#include "kernel.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include "event.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct configuration);
} configuration SEC(".maps");

struct counters_inner {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 65536);
	__type(key, struct counter_key);
	__type(value, struct counter_value);
};

struct counters_inner counters_a SEC(".maps");
struct counters_inner counters_b SEC(".maps");

/* Slot 0 is the map that programs count into; a drain switches it and reads the other. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, 1);
	__type(key, u32);
	__array(values, struct counters_inner);
} counters SEC(".maps") = {.values = {&counters_a}};

struct others_inner {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 8192);
	__type(key, struct other_key);
	__type(value, u64);
};

struct others_inner others_a SEC(".maps");
struct others_inner others_b SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, 1);
	__type(key, u32);
	__array(values, struct others_inner);
} others SEC(".maps") = {.values = {&others_a}};

struct seen_inner {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 65536);
	__type(key, u64);
	__type(value, u8);
};

struct seen_inner seen_a SEC(".maps");
struct seen_inner seen_b SEC(".maps");

/* Slot 0: described in this generation; slot 1: in the one before (renewed on use). */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, 2);
	__type(key, u32);
	__array(values, struct seen_inner);
} seen SEC(".maps") = {.values = {&seen_a, &seen_b}};

/* How many distinct names were described per (unit, directory) or (unit, direction). */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 32768);
	__type(key, u64);
	__type(value, u64);
} budgets SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 16 * 1024 * 1024);
} first_sights SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, LOSS_KINDS);
	__type(key, u32);
	__type(value, u64);
} losses SEC(".maps");

/* What had no room even in `others`, by operation × 3 + result. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 384);
	__type(key, u32);
	__type(value, u64);
} remainders SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct task_record);
} tasks SEC(".maps");

/* Names after whose exec a child starts a workload of its own; value 1 always, 2 with a terminal. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 64);
	__type(key, char[16]);
	__type(value, u32);
} launchers SEC(".maps");

/* Thread groups that are Whittle itself when the sensor starts. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 64);
	__type(key, u32);
	__type(value, u32);
} self_processes SEC(".maps");

/* NULL until the sensor has configured us: programs fire from the moment they are attached. */
static __always_inline struct configuration *config(void)
{
	u32 zero = 0;
	struct configuration *c = bpf_map_lookup_elem(&configuration, &zero);

	return c && c->seed ? c : NULL;
}

static __always_inline void note_loss(u32 kind)
{
	u64 *count = bpf_map_lookup_elem(&losses, &kind);

	/* A preempting program on this CPU may add between read and write: hence atomic. */
	if (count)
		__sync_fetch_and_add(count, 1);
}

/* Keyed mixing; the seed is secret, so that nobody can choose two names with one hash. */
static __always_inline u64 mix(u64 hash, u64 value)
{
	hash ^= value;
	hash *= 0x9E3779B97F4A7C15ULL;
	hash ^= hash >> 29;
	hash *= 0xBF58476D1CE4E5B9ULL;
	return hash ^ (hash >> 32);
}

/*
 * A function that is not on the path of a known behaviour: global, so that the verifier
 * walks it once per object and not once per place that calls it (loading took 15 s, now 1).
 */
#define RARE __attribute__((noinline))

RARE int count_other(const struct counter_key *key)
{
	struct other_key other = {};
	u32 zero = 0, index;
	u64 one = 1, *total;
	void *inner = bpf_map_lookup_elem(&others, &zero);

	if (!key)
		return 0;
	other.unit = key->unit;
	other.operation = key->operation;
	other.result = key->result;
	if (inner) {
		total = bpf_map_lookup_elem(inner, &other);
		if (!total) {
			if (bpf_map_update_elem(inner, &other, &one, BPF_NOEXIST) == 0)
				return 0;
			total = bpf_map_lookup_elem(inner, &other);
		}
		if (total) {
			__sync_fetch_and_add(total, 1);
			return 0;
		}
	}
	note_loss(LOSS_OTHER_FULL);
	index = key->operation * 3 + key->result;
	total = bpf_map_lookup_elem(&remainders, &index);
	if (total)
		__sync_fetch_and_add(total, 1);
	return 0;
}

/* Counts a behaviour that was counted before in this interval; false when it is new. */
static __always_inline bool count_known(const struct counter_key *key)
{
	struct counter_value *value;
	u32 zero = 0;
	void *inner = bpf_map_lookup_elem(&counters, &zero);

	if (!inner)
		return false;
	value = bpf_map_lookup_elem(inner, key);
	if (!value)
		return false;
	__sync_fetch_and_add(&value->count, 1);
	return true;
}

RARE int count_new(const struct counter_key *key)
{
	struct counter_value first = {.count = 1}, *value;
	struct counter_key own;
	u32 zero = 0;
	void *inner = bpf_map_lookup_elem(&counters, &zero);
	long error;

	if (!key)
		return 0;
	/* 6.1 takes an argument of a global function for no key of a map: a copy on the stack is one. */
	own = *key;
	if (!inner) {
		note_loss(LOSS_NO_MAP);
		count_other(key);
		return 0;
	}
	first.first_ns = bpf_ktime_get_boot_ns();
	first.pid = bpf_get_current_pid_tgid() >> 32;
	error = bpf_map_update_elem(inner, &own, &first, BPF_NOEXIST);
	if (error == 0)
		return 0;
	/* Another CPU was first, or the map is full or busy (rqspinlock since 6.15). */
	value = bpf_map_lookup_elem(inner, &own);
	if (value) {
		__sync_fetch_and_add(&value->count, 1);
		return 0;
	}
	note_loss(error == -EEXIST ? LOSS_MAP_BUSY : LOSS_COUNTERS_FULL);
	count_other(key);
	return 0;
}

static __always_inline void count(const struct counter_key *key)
{
	if (!count_known(key))
		count_new(key);
}

/* Whether an object was described; one that was in the last generation is carried over. */
static __always_inline bool is_seen(u64 object)
{
	u32 slot = 0;
	u8 one = 1;
	void *inner = bpf_map_lookup_elem(&seen, &slot), *before;

	if (!inner)
		return false;
	if (bpf_map_lookup_elem(inner, &object))
		return true;
	slot = 1;
	before = bpf_map_lookup_elem(&seen, &slot);
	if (!before || !bpf_map_lookup_elem(before, &object))
		return false;
	bpf_map_update_elem(inner, &object, &one, BPF_ANY);
	return true;
}

/* Remembers an object; false when there is no room, and then its detail is not counted. */
static __always_inline bool remember(u64 object)
{
	u32 slot = 0;
	u8 one = 1;
	void *inner = bpf_map_lookup_elem(&seen, &slot);

	if (inner && bpf_map_update_elem(inner, &object, &one, BPF_ANY) == 0)
		return true;
	note_loss(LOSS_SEEN_FULL);
	return false;
}

/* True while fewer than `limit` distinct things were described under this budget. */
static __always_inline bool within_budget(u64 budget, u32 limit)
{
	u64 one = 1, *used = bpf_map_lookup_elem(&budgets, &budget);

	if (!used) {
		if (bpf_map_update_elem(&budgets, &budget, &one, BPF_NOEXIST) == 0)
			return true;
		used = bpf_map_lookup_elem(&budgets, &budget);
		if (!used) {
			note_loss(LOSS_BUDGET_FULL);
			return false;
		}
	}
	if (*used >= limit)
		return false;
	__sync_fetch_and_add(used, 1);
	return true;
}

/* A ring record with its fixed part set; NULL (and counted) when the ring is full. */
static __always_inline struct first_sight *reserve(u16 kind, u64 object)
{
	struct first_sight *record = bpf_ringbuf_reserve(&first_sights, sizeof(*record), 0);
	u64 id;

	if (!record) {
		note_loss(LOSS_RING_FULL);
		return NULL;
	}
	id = bpf_get_current_pid_tgid();
	__builtin_memset(record, 0, __builtin_offsetof(struct first_sight, text));
	record->object = object;
	record->at_ns = bpf_ktime_get_boot_ns();
	record->pid = id >> 32;
	record->uid = bpf_get_current_uid_gid();
	record->kind = kind;
	return record;
}

/*
 * Records are not urgent: without a wake-up per record the producer costs 2.4 and the
 * consumer 7 times less. The consumer polls; past a quarter of the ring it is woken.
 */
static __always_inline void submit(struct first_sight *record)
{
	u64 used = bpf_ringbuf_query(&first_sights, BPF_RB_AVAIL_DATA);

	bpf_ringbuf_submit(record, used > 4 * 1024 * 1024 ? BPF_RB_FORCE_WAKEUP : BPF_RB_NO_WAKEUP);
}

#endif
