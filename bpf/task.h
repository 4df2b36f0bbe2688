/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Who acts: the unit of a task. A cgroup of its own decides (v2; where that is the root,
 * a deeper v1 one of name=systemd, memory, pids). Outside any, a child of a launcher
 * starts a unit named by its executable at exec, and all descendants inherit it.
 */
#ifndef WHITTLE_TASK_H
#define WHITTLE_TASK_H

#include "maps.h"
#include "path.h"

#define UNIT(kind, id) (((u64)(kind) << 56) | ((id) & 0x00ffffffffffffffULL))

static __always_inline u64 cgroup2_of(struct task_struct *task)
{
	return BPF_CORE_READ(task, cgroups, dfl_cgrp, kn, id);
}

/*
 * The unit by cgroup, or 0 at the root of all of them. Named hierarchies have no
 * subsystem, so the set's links are walked: one per mounted hierarchy, 16 are enough.
 */
RARE u64 unit_by_cgroup(u64 task_address, u64 cgroup2)
{
	struct configuration *c = config();
	struct task_struct *task = (void *)task_address;
	struct css_set *set;
	struct list_head *head, *next;
	u64 found[3] = {0, 0, 0};

	if (!c)
		return 0;
	if (cgroup2 && cgroup2 != c->root_cgroup2)
		return UNIT(UNIT_CGROUP2, cgroup2);
	if (!c->hierarchies[0] && !c->hierarchies[1] && !c->hierarchies[2])
		return 0;
	set = FIELD(struct task_struct, task, cgroups);
	head = (void *)set + bpf_core_field_offset(struct css_set, cgrp_links);
	next = FIELD(struct list_head, head, next);
	for (int i = 0; i < 16; i++) {
		struct cgrp_cset_link *link;
		struct cgroup *cgroup;
		u32 hierarchy;

		if (next == head || !next)
			break;
		link = (void *)next - bpf_core_field_offset(struct cgrp_cset_link, cgrp_link);
		cgroup = FIELD(struct cgrp_cset_link, link, cgrp);
		hierarchy = FIELD(struct cgroup_root, FIELD(struct cgroup, cgroup, root), hierarchy_id);
		if (hierarchy && FIELD(struct cgroup, cgroup, level) > 0) {
			u64 node = FIELD(struct kernfs_node, FIELD(struct cgroup, cgroup, kn), id);
			u64 id = UNIT(UNIT_CGROUP1, ((u64)hierarchy << 48) | node);

			if (hierarchy == c->hierarchies[0])
				found[0] = id;
			else if (hierarchy == c->hierarchies[1])
				found[1] = id;
			else if (hierarchy == c->hierarchies[2])
				found[2] = id;
		}
		next = FIELD(struct list_head, next, next);
	}
	return found[0] ? found[0] : found[1] ? found[1] : found[2];
}

static __always_inline bool is_launcher(const char *comm, bool terminal)
{
	u32 *kind = bpf_map_lookup_elem(&launchers, comm);

	return kind && (*kind != 2 || terminal);
}

/* The unit of a task that was running before us: by cgroup, else the ancestor below a launcher. */
RARE int adopt(u64 task_address, struct task_record *record)
{
	struct configuration *c = config();
	struct task_struct *task = (void *)task_address;
	struct task_struct *walker = BPF_CORE_READ(task, group_leader), *parent;
	char comm[16];
	u32 tgid = BPF_CORE_READ(task, tgid);
	struct file *file = BPF_CORE_READ(task, mm, exe_file);

	if (!record || !c)
		return 0;
	record->cgroup2 = cgroup2_of(task);
	record->flags = 0;
	if (BPF_CORE_READ(task, signal, tty))
		record->flags |= TASK_INTERACTIVE;
	if (bpf_map_lookup_elem(&self_processes, &tgid))
		record->flags |= TASK_SELF;
	record->source = file ? file_object(file, c) : 0;
	record->unit = unit_by_cgroup(task_address, record->cgroup2);
	if (record->unit)
		return 0;
	for (int i = 0; i < 24; i++) {
		u32 id;

		parent = BPF_CORE_READ(walker, real_parent);
		id = parent ? BPF_CORE_READ(parent, tgid) : 0;
		if (id <= 1)
			break;
		bpf_probe_read_kernel(comm, sizeof(comm), &parent->comm);
		if (is_launcher(comm, BPF_CORE_READ(parent, signal, tty) != NULL))
			break;
		walker = BPF_CORE_READ(parent, group_leader);
	}
	file = BPF_CORE_READ(walker, mm, exe_file);
	record->unit = UNIT(UNIT_PROGRAM, file ? file_object(file, c) : record->source);
	return 0;
}

/* The record of the current task, or NULL for Whittle itself (and, counted, when there is no room). */
static __always_inline struct task_record *actor(struct configuration *c)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct task_record *record = bpf_task_storage_get(&tasks, task, 0, 0);
	u64 cgroup2;

	if (!record) {
		if (BPF_CORE_READ(task, flags) & PF_KTHREAD)
			return NULL;
		record = bpf_task_storage_get(&tasks, task, 0, BPF_LOCAL_STORAGE_GET_F_CREATE);
		if (!record) {
			note_loss(LOSS_TASK_STORAGE);
			return NULL;
		}
		adopt(bpf_get_current_task(), record);
	}
	if (record->flags & (TASK_SELF | TASK_SELF_PENDING))
		return NULL;
	cgroup2 = task->cgroups->dfl_cgrp->kn->id;
	if (cgroup2 != record->cgroup2) {
		u64 unit = unit_by_cgroup(bpf_get_current_task(), cgroup2);

		record->cgroup2 = cgroup2;
		if (unit)
			record->unit = unit;
	}
	return record;
}

static __always_inline struct counter_key key_of(struct task_record *actor, u16 operation, u8 result, u64 object)
{
	struct counter_key key = {
		.unit = actor->unit,
		.source = actor->source,
		.object = object,
		.operation = operation,
		.result = result,
		.flags = actor->flags & TASK_INTERACTIVE ? FLAG_INTERACTIVE : 0,
	};

	return key;
}

#endif
