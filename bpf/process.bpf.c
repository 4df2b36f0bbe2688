/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Processes: exec, fork, exit, what exec itself opens, and the tasks that were running
 * before us. An exec is counted as (unit, executable that asked, executable that runs).
 */
#include "task.h"
#include <bpf/bpf_tracing.h>
#include "user_path.h"

struct interpreter {
	u64 object;
	u64 unit;
};

/* The loader that exec mapped is the file behind AT_BASE: resolved by the kernel, not parsed by us. */
static long note_interpreter(struct task_struct *task, struct vm_area_struct *vma, void *data)
{
	struct interpreter *interpreter = data;
	struct configuration *c = config();
	struct file *file = BPF_CORE_READ(vma, vm_file);

	if (!file || !c)
		return 0;
	interpreter->object = describe_file(file, file_object(file, c), interpreter->unit);
	return 0;
}

static __always_inline unsigned long loader_base(struct task_struct *task)
{
	struct mm_struct *mm = BPF_CORE_READ(task, mm);
	unsigned long pair[2];

	for (int i = 0; i < 22; i++) {
		bpf_probe_read_kernel(pair, sizeof(pair),
				      (void *)mm + bpf_core_field_offset(struct mm_struct, saved_auxv) + i * sizeof(pair));
		if (pair[0] == AT_BASE)
			return pair[1];
		if (pair[0] == 0)
			break;
	}
	return 0;
}

/*
 * Exec itself opens the program and its loader, before any system call of the new program.
 * Both follow from (unit, executable, root), so they are told once with the command line, and the
 * service adds them to each exec that is counted. Told again when the root changes: a chroot
 * has another loader under the same name.
 */
RARE int describe_exec(struct task_record *record, u64 asker, u64 executable, u64 object)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct interpreter interpreter = {};
	struct first_sight *sight;
	unsigned long start, length, base;

	if (!record)
		return 0;
	interpreter.unit = record->unit;
	base = loader_base(task);
	if (base && bpf_find_vma(task, base, note_interpreter, &interpreter, 0) != 0) {
		/* Another thread of nobody: the lock is contended only while the image is being read. */
		note_loss(LOSS_READ_FAILED);
		return 0;
	}
	sight = reserve(RECORD_EXEC, executable);
	if (!sight)
		return 0;
	sight->unit = record->unit;
	sight->source = asker;
	sight->interpreter = interpreter.object;
	sight->operation = OP_EXEC;
	sight->parent_pid = BPF_CORE_READ(task, real_parent, tgid);
	start = BPF_CORE_READ(task, mm, arg_start);
	length = BPF_CORE_READ(task, mm, arg_end) - start;
	if (length > ARGUMENT_BYTES - 1) {
		length = ARGUMENT_BYTES - 1;
		sight->flags |= RECORD_TRUNCATED;
	}
	if (bpf_probe_read_user(sight->text, length & (ARGUMENT_BYTES - 1), (void *)start) == 0)
		sight->length = length;
	if (!remember(object)) {
		bpf_ringbuf_discard(sight, BPF_RB_NO_WAKEUP);
		return 0;
	}
	submit(sight);
	return 0;
}

/* Real root of the host's own namespaces: only it may be taken for Whittle. */
static __always_inline bool is_host_root(struct task_struct *task, struct configuration *c)
{
	const struct cred *cred = task->cred;

	return cred->euid.val == 0 && cred->user_ns->level == 0 &&
	       (u64)BPF_CORE_READ(task, nsproxy, mnt_ns) == c->self_mount_namespace;
}

/* Length of a kernel string of up to about a thousand bytes, without its NUL. */
static __always_inline long string_length(const char *text)
{
	char piece[CHUNK_BYTES];
	long whole = 0;

	for (int i = 0; i < CHUNKS_MAX; i++) {
		long length = bpf_probe_read_kernel_str(piece, sizeof(piece), text + whole);

		if (length < 1)
			break;
		whole += length - 1;
		if (length < CHUNK_BYTES)
			break;
	}
	return whole;
}

/* `node DIST/cli/main.js …` is Whittle's command line; the launcher script before it is pending. */
static __attribute__((noinline)) u32 self_flag(struct task_struct *task, struct linux_binprm *bprm, u64 executable,
				     struct configuration *c)
{
	const char *filename = bprm->filename;
	char piece[CHUNK_BYTES];
	long length;
	u64 tail = 0;

	if (!is_host_root(task, c))
		return 0;
	if (executable == c->self_executable) {
		/* The first argument is the program's own name: short, or not Whittle's. */
		unsigned long start = BPF_CORE_READ(task, mm, arg_start);
		char first;
		u64 hash;

		length = bpf_probe_read_user_str(piece, sizeof(piece), (void *)start);
		if (length < 1)
			return 0;
		hash = text_hash((void *)start + length, true, c->seed, &first);
		return hash == c->self_script[0] || hash == c->self_script[1] ? TASK_SELF : 0;
	}
	if (filename == bprm->interp)
		return 0;
	length = string_length(filename);
	if (length < 8)
		return 0;
	bpf_probe_read_kernel(&tail, sizeof(tail), filename + length - 7);
	/* "whittle\0" as a little-endian number. */
	return tail == 0x00656c7474696877ULL ? TASK_SELF_PENDING : 0;
}

SEC("tp_btf/sched_process_exec")
int BPF_PROG(handle_exec, struct task_struct *task, int old_pid, struct linux_binprm *bprm)
{
	struct configuration *c = config();
	struct task_record *record;
	struct task_struct *parent_task;
	struct file *file = bprm->file;
	struct counter_key key;
	u64 asker, unit, cgroup2, executable;
	bool terminal, starts = false;
	u64 told;
	u32 self;

	if (!c)
		return 0;
	record = bpf_task_storage_get(&tasks, task, 0, BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (!record) {
		note_loss(LOSS_TASK_STORAGE);
		return 0;
	}
	if (!record->unit)
		adopt(bpf_get_current_task(), record);
	asker = record->source;
	executable = file_object(file, c);
	cgroup2 = task->cgroups->dfl_cgrp->kn->id;
	self = self_flag(task, bprm, executable, c);
	if (self)
		record->flags = self;
	/* What Whittle launches into another cgroup is a workload, not Whittle. */
	else if ((record->flags & TASK_SELF) && cgroup2 != c->self_cgroup2) {
		record->flags = 0;
		asker = 0;
	}
	if (record->flags & (TASK_SELF | TASK_SELF_PENDING)) {
		record->source = executable;
		record->cgroup2 = cgroup2;
		return 0;
	}

	terminal = task->signal->tty != NULL;
	record->source = executable;
	parent_task = task->real_parent;
	unit = unit_by_cgroup(bpf_get_current_task(), cgroup2);
	if (unit) {
		/* The first process that comes into a cgroup from outside starts it. */
		u64 parent_cgroup2 = parent_task->cgroups->dfl_cgrp->kn->id;

		starts = unit != record->unit || (cgroup2 != c->root_cgroup2 && parent_cgroup2 != cgroup2);
		record->unit = unit;
	} else {
		u32 parent_id = parent_task->tgid;
		char parent_comm[16] = {};

		bpf_probe_read_kernel(parent_comm, sizeof(parent_comm), &parent_task->comm);
		if (parent_id == 1 ||
		    is_launcher(parent_comm, parent_task->signal->tty != NULL)) {
			record->unit = UNIT(UNIT_PROGRAM, executable);
			starts = true;
		}
	}
	record->cgroup2 = cgroup2;
	record->flags = terminal ? TASK_INTERACTIVE : 0;
	record->capability_epoch = 0;

	key = key_of(record, OP_EXEC, RESULT_ALLOWED, executable);
	key.source = asker;
	if (!count_known(&key)) {
		executable = describe_file(file, executable, record->unit);
		key.object = executable;
		count(&key);
	}
	if (starts) {
		key = key_of(record, OP_START, RESULT_ALLOWED, executable);
		count(&key);
	}
	if (bprm->buf[4] == 1 && bprm->buf[0] == 0x7f) {
		/* 32-bit system calls fire no tp/syscalls: from here on this process is a blind spot. */
		key = key_of(record, OP_EXEC_32_BIT, RESULT_ALLOWED, executable);
		count(&key);
	}
	if (bprm->filename != bprm->interp) {
		/* Enforcers ask about the script as about its interpreter (security_bprm_check, once for each). */
		key = key_of(record, OP_EXEC, RESULT_ALLOWED,
			     describe_kernel_path(BPF_CORE_READ(bprm, filename), record->unit));
		key.source = asker;
		key.flags |= FLAG_REQUIRED;
		if (key.object)
			count(&key);
	}
	told = mix(mix(mix(mix(c->seed ^ OP_EXEC, record->unit), asker), executable),
		   ((u64)mount_number(task->fs->root.mnt) << 32) ^ task->fs->root.dentry->d_inode->i_ino);
	if (!is_seen(told))
		describe_exec(record, asker, executable, told);
	return 0;
}

SEC("tp_btf/sched_process_fork")
int BPF_PROG(handle_fork, struct task_struct *parent, struct task_struct *child)
{
	struct configuration *c = config();
	struct task_record *from, *to;

	if (!c)
		return 0;
	from = bpf_task_storage_get(&tasks, parent, 0, BPF_LOCAL_STORAGE_GET_F_CREATE);
	to = bpf_task_storage_get(&tasks, child, 0, BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (!from || !to) {
		note_loss(LOSS_TASK_STORAGE);
		return 0;
	}
	if (!from->unit)
		adopt(bpf_get_current_task(), from);
	*to = *from;
	return 0;
}

SEC("tp_btf/sched_process_exit")
int BPF_PROG(handle_exit, struct task_struct *task)
{
	struct task_record *record = bpf_task_storage_get(&tasks, task, 0, 0);
	struct counter_key key;

	if (!record || (record->flags & (TASK_SELF | TASK_SELF_PENDING)) || task->pid != task->tgid)
		return 0;
	key = key_of(record, OP_EXIT, RESULT_ALLOWED, 0);
	count(&key);
	return 0;
}

static __always_inline int failed_exec(struct trace_event_raw_sys_exit *context, const char *path, long directory)
{
	struct configuration *c = config();
	struct task_record *record;
	struct counter_key key;
	u64 object = 0;
	u8 result = RESULT_FAILED;

	if (!c)
		return 0;
	record = actor(c);
	if (!record)
		return 0;
	if (context->ret == -EACCES || context->ret == -EPERM) {
		result = RESULT_DENIED;
		object = describe_user_path(path, directory, record->unit);
	}
	key = key_of(record, OP_EXEC, result, object);
	count(&key);
	return 0;
}

SEC("tp/syscalls/sys_exit_execve")
int handle_execve_failed(struct trace_event_raw_sys_exit *context)
{
	struct pt_regs *regs;

	if (context->ret >= 0)
		return 0;
	regs = (void *)bpf_task_pt_regs(bpf_get_current_task_btf());
	return failed_exec(context, (const char *)ARGUMENT_0(regs), AT_FDCWD);
}

SEC("tp/syscalls/sys_exit_execveat")
int handle_execveat_failed(struct trace_event_raw_sys_exit *context)
{
	struct pt_regs *regs;

	if (context->ret >= 0)
		return 0;
	regs = (void *)bpf_task_pt_regs(bpf_get_current_task_btf());
	return failed_exec(context, (const char *)ARGUMENT_1(regs), (int)ARGUMENT_0(regs));
}

/* Container runtimes and systemd make the cgroup before they start anything in it. */
SEC("tp_btf/cgroup_mkdir")
int BPF_PROG(handle_cgroup_made, struct cgroup *cgroup, const char *path)
{
	struct first_sight *record = reserve(RECORD_CGROUP, cgroup->kn->id);
	long length;

	if (!record)
		return 0;
	record->device = cgroup->root->hierarchy_id;
	length = bpf_probe_read_kernel_str(record->text, TEXT_BYTES - 1, path);
	record->length = length > 0 ? length : 0;
	submit(record);
	return 0;
}

/* Run once after the other programs are attached: inserts are idempotent. */
SEC("iter/task")
int snapshot_tasks(struct bpf_iter__task *context)
{
	struct task_struct *task = context->task;
	struct configuration *c = config();
	struct task_record *record;
	struct file *file;

	if (!task || !c || (task->flags & PF_KTHREAD) || !task->mm)
		return 0;
	record = bpf_task_storage_get(&tasks, task, 0, BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (!record) {
		note_loss(LOSS_TASK_STORAGE);
		return 0;
	}
	/* Threads share what is read here with their leader, whose address is a plain number to the verifier. */
	adopt((u64)BPF_CORE_READ(task, group_leader), record);
	if (record->flags & TASK_SELF) {
		/* What Whittle's own command line will look like: this binary, in this mount namespace. */
		c->self_executable = record->source;
		c->self_mount_namespace = (u64)BPF_CORE_READ(task, nsproxy, mnt_ns);
	}
	if ((record->flags & (TASK_SELF | TASK_SELF_PENDING)) || task->pid != task->tgid)
		return 0;
	file = BPF_CORE_READ(task, mm, exe_file);
	if (file)
		describe_file(file, record->source, record->unit);
	return 0;
}
