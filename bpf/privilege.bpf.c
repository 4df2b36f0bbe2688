/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Privilege: capabilities, ptrace, mounts, namespaces, modules, bpf(), raw sockets,
 * changes of identity; and io_uring, whose operations no system call tracepoint sees.
 * The object of these is a small number or a short text, described at first sight.
 */
#include "task.h"
#include "user_path.h"
#include <bpf/bpf_tracing.h>

#define REGISTERS() ((struct pt_regs *)bpf_task_pt_regs(bpf_get_current_task_btf()))

static __always_inline u8 result_of(long ret)
{
	if (ret >= 0)
		return RESULT_ALLOWED;
	return ret == -EACCES || ret == -EPERM ? RESULT_DENIED : RESULT_FAILED;
}

/* The object is the number itself: user space knows its name. */
static __always_inline int count_number(u16 operation, long ret, u64 number)
{
	struct configuration *c = config();
	struct task_record *record;
	struct counter_key key;

	if (!c)
		return 0;
	record = actor(c);
	if (!record)
		return 0;
	key = key_of(record, operation, result_of(ret), number);
	count(&key);
	return 0;
}

#define CAP_SYS_ADMIN 21

/*
 * The kernel asks for CAP_SYS_ADMIN whenever memory is committed, to decide on a reserve
 * (__vm_enough_memory), and for it at fork and exec, and tells nobody that it did not
 * matter. In these calls a granted CAP_SYS_ADMIN is not a use of it.
 */
static __always_inline bool asks_in_passing(int capability)
{
	struct pt_regs *regs;
	long number;

	if (capability != CAP_SYS_ADMIN)
		return false;
	regs = REGISTERS();
	number = SYSCALL_NUMBER(regs);
#if defined(__TARGET_ARCH_x86)
	switch (number) {
	case -1: /* a page fault */
	case 9: /* mmap */
	case 10: /* mprotect */
	case 11: /* munmap */
	case 12: /* brk */
	case 25: /* mremap */
	case 28: /* madvise */
	case 30: /* shmat */
	case 56: /* clone */
	case 57: /* fork */
	case 58: /* vfork */
	case 59: /* execve */
	case 60: /* exit */
	case 231: /* exit_group */
	case 322: /* execveat */
	case 435: /* clone3 */
		return true;
	}
#else
	switch (number) {
	case -1:
	case 214: /* brk */
	case 215: /* munmap */
	case 216: /* mremap */
	case 220: /* clone */
	case 221: /* execve */
	case 222: /* mmap */
	case 226: /* mprotect */
	case 233: /* madvise */
	case 281: /* execveat */
	case 435: /* clone3 */
		return true;
	}
#endif
	return false;
}

/*
 * Capability checks are frequent, so each task remembers for one drain interval which
 * ones it has told: their counts are intervals, not checks.
 */
SEC("tp_btf/cap_capable")
int BPF_PROG(handle_capability, const struct cred *cred, struct user_namespace *target,
	     const struct user_namespace *granting, int capability, int ret)
{
	struct configuration *c = config();
	struct task_record *record;
	struct counter_key key;
	u64 bit, *told;

	if (!c || capability < 0 || capability > 63 || asks_in_passing(capability))
		return 0;
	record = actor(c);
	if (!record)
		return 0;
	if (record->capability_epoch != c->epoch) {
		record->capability_epoch = c->epoch;
		record->capability_allowed = 0;
		record->capability_denied = 0;
	}
	bit = 1ULL << capability;
	told = ret == 0 ? &record->capability_allowed : &record->capability_denied;
	if (*told & bit)
		return 0;
	*told |= bit;
	key = key_of(record, OP_CAPABILITY, ret == 0 ? RESULT_ALLOWED : RESULT_DENIED, capability + 1);
	count(&key);
	return 0;
}

/* Requests 0 (TRACEME), 16 (ATTACH) and 0x4206 (SEIZE) begin a trace; the rest go on with one. */
SEC("tp/syscalls/sys_exit_ptrace")
int handle_ptrace(struct trace_event_raw_sys_exit *context)
{
	struct pt_regs *regs = REGISTERS();
	u64 request = ARGUMENT_0(regs);

	if (request != 0 && request != 16 && request != 0x4206)
		return 0;
	return count_number(OP_PTRACE, context->ret, request == 0 ? 1 : 2);
}

SEC("tp/syscalls/sys_exit_process_vm_readv")
int handle_process_vm_readv(struct trace_event_raw_sys_exit *context)
{
	return count_number(OP_PTRACE, context->ret, 3);
}

SEC("tp/syscalls/sys_exit_process_vm_writev")
int handle_process_vm_writev(struct trace_event_raw_sys_exit *context)
{
	return count_number(OP_PTRACE, context->ret, 4);
}

SEC("tp/syscalls/sys_exit_pidfd_getfd")
int handle_pidfd_getfd(struct trace_event_raw_sys_exit *context)
{
	return count_number(OP_PTRACE, context->ret, 5);
}

static __always_inline int mounted(long ret, const char *target, long directory)
{
	struct configuration *c = config();
	struct task_record *record;
	struct counter_key key;
	u64 object = 0;

	if (!c)
		return 0;
	record = actor(c);
	if (!record)
		return 0;
	if (result_of(ret) != RESULT_FAILED)
		object = describe_user_path(target, directory, record->unit);
	key = key_of(record, OP_MOUNT, result_of(ret), object);
	count(&key);
	return 0;
}

SEC("tp/syscalls/sys_exit_mount")
int handle_mount(struct trace_event_raw_sys_exit *context)
{
	struct pt_regs *regs = REGISTERS();

	return mounted(context->ret, (const char *)ARGUMENT_1(regs), AT_FDCWD);
}

SEC("tp/syscalls/sys_exit_umount")
int handle_umount(struct trace_event_raw_sys_exit *context)
{
	struct pt_regs *regs = REGISTERS();

	return mounted(context->ret, (const char *)ARGUMENT_0(regs), AT_FDCWD);
}

SEC("tp/syscalls/sys_exit_move_mount")
int handle_move_mount(struct trace_event_raw_sys_exit *context)
{
	struct pt_regs *regs = REGISTERS();

	return mounted(context->ret, (const char *)ARGUMENT_3(regs), (int)ARGUMENT_2(regs));
}

SEC("tp/syscalls/sys_exit_pivot_root")
int handle_pivot_root(struct trace_event_raw_sys_exit *context)
{
	struct pt_regs *regs = REGISTERS();

	return mounted(context->ret, (const char *)ARGUMENT_0(regs), AT_FDCWD);
}

/* All CLONE_NEW* flags: time is 0x80, the others lie in 0x7e020000. */
#define NAMESPACE_FLAGS 0x7e020080ULL

SEC("tp/syscalls/sys_exit_unshare")
int handle_unshare(struct trace_event_raw_sys_exit *context)
{
	struct pt_regs *regs = REGISTERS();
	u64 flags = ARGUMENT_0(regs) & NAMESPACE_FLAGS;

	return flags ? count_number(OP_NAMESPACE, context->ret, flags) : 0;
}

SEC("tp/syscalls/sys_exit_setns")
int handle_setns(struct trace_event_raw_sys_exit *context)
{
	struct pt_regs *regs = REGISTERS();

	return count_number(OP_NAMESPACE, context->ret, (ARGUMENT_1(regs) & NAMESPACE_FLAGS) | 1);
}

SEC("tp/syscalls/sys_exit_clone")
int handle_clone(struct trace_event_raw_sys_exit *context)
{
	struct pt_regs *regs = REGISTERS();
	/* CLONE_NEWTIME shares its bit with the exit signal's byte: clone(2) cannot ask for it. */
	u64 flags = ARGUMENT_0(regs) & NAMESPACE_FLAGS & ~0xffULL;

	/* 0: the child's own return from the same call. */
	return flags && context->ret ? count_number(OP_NAMESPACE, context->ret, flags) : 0;
}

SEC("tp/syscalls/sys_exit_clone3")
int handle_clone3(struct trace_event_raw_sys_exit *context)
{
	struct pt_regs *regs = REGISTERS();
	u64 flags = 0;

	/*
	 * The child returns from the same call, with 0: by then its parent may have used the
	 * memory of the arguments for something else, which would read as namespaces.
	 */
	if (!context->ret)
		return 0;
	bpf_probe_read_user(&flags, sizeof(flags), (void *)ARGUMENT_0(regs));
	flags &= NAMESPACE_FLAGS;
	return flags ? count_number(OP_NAMESPACE, context->ret, flags) : 0;
}

SEC("tp/syscalls/sys_exit_init_module")
int handle_init_module(struct trace_event_raw_sys_exit *context)
{
	return count_number(OP_MODULE, context->ret, 1);
}

SEC("tp/syscalls/sys_exit_finit_module")
int handle_finit_module(struct trace_event_raw_sys_exit *context)
{
	return count_number(OP_MODULE, context->ret, 2);
}

SEC("tp/syscalls/sys_exit_delete_module")
int handle_delete_module(struct trace_event_raw_sys_exit *context)
{
	return count_number(OP_MODULE, context->ret, 3);
}

SEC("tp/syscalls/sys_exit_bpf")
int handle_bpf(struct trace_event_raw_sys_exit *context)
{
	struct pt_regs *regs = REGISTERS();

	return count_number(OP_BPF, context->ret, (u32)ARGUMENT_0(regs) + 1);
}

SEC("tp/syscalls/sys_exit_socket")
int handle_socket(struct trace_event_raw_sys_exit *context)
{
	struct pt_regs *regs = REGISTERS();
	u32 family = ARGUMENT_0(regs), type = ARGUMENT_1(regs) & 0xf, protocol = ARGUMENT_2(regs);

	if (family != AF_PACKET && !(type == SOCK_RAW && (family == AF_INET || family == AF_INET6)))
		return 0;
	return count_number(OP_RAW_SOCKET, context->ret, ((u64)family << 32) | ((u64)type << 16) | (protocol & 0xffff));
}

#define IDENTITY_CHANGED(call, number)                                                                \
	SEC("tp/syscalls/sys_exit_" #call)                                                            \
	int handle_##call(struct trace_event_raw_sys_exit *context)                                   \
	{                                                                                             \
		return count_number(OP_SETUID, context->ret, number);                                 \
	}

IDENTITY_CHANGED(setuid, 1)
IDENTITY_CHANGED(setreuid, 1)
IDENTITY_CHANGED(setresuid, 1)
IDENTITY_CHANGED(setgid, 2)
IDENTITY_CHANGED(setregid, 2)
IDENTITY_CHANGED(setresgid, 2)
IDENTITY_CHANGED(setgroups, 3)

/* What a ring does is invisible here; that it does something opens a gap for its unit. */
SEC("tp/io_uring/io_uring_submit_req")
int handle_io_uring(void *context)
{
	return count_number(OP_IO_URING, 0, 1);
}

/* The same event as 6.1 calls it: no kernel has both. */
SEC("tp/io_uring/io_uring_submit_sqe")
int handle_io_uring_before(void *context)
{
	return count_number(OP_IO_URING, 0, 1);
}
