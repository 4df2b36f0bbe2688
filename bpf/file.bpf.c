/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Files: what was opened, and how, and every other way to change one. Exits only: an
 * open is judged by the file behind its descriptor, which the kernel resolved, and a
 * failure still has its arguments in the saved registers. Not seen here: io_uring
 * (counted in privilege.bpf.c), descriptors that were inherited or received, and what
 * the kernel opens by itself.
 */
#include "task.h"
#include "user_path.h"
#include <bpf/bpf_tracing.h>

static __always_inline u8 result_of(long ret)
{
	if (ret >= 0)
		return RESULT_ALLOWED;
	return ret == -EACCES || ret == -EPERM ? RESULT_DENIED : RESULT_FAILED;
}

static __always_inline u16 operation_of_mode(u32 mode)
{
	if (mode & FMODE_PATH)
		return OP_OPEN_PATH;
	if (mode & FMODE_CREATED)
		return mode & FMODE_READ ? OP_CREATE_READ : OP_CREATE;
	if ((mode & FMODE_WRITE) && (mode & FMODE_READ))
		return OP_READ_WRITE;
	return mode & FMODE_WRITE ? OP_WRITE : OP_READ;
}

/* What a failed open asked for: O_ACCMODE and O_CREAT of its flags. */
static __always_inline u16 operation_of_flags(u64 flags)
{
	if (flags & 0100)
		return OP_CREATE;
	if ((flags & 3) == 2)
		return OP_READ_WRITE;
	return (flags & 3) == 1 ? OP_WRITE : OP_READ;
}

static __always_inline int opened(long descriptor)
{
	struct configuration *c = config();
	struct task_record *record;
	struct counter_key key;
	struct file *file;
	u32 mode;

	if (!c)
		return 0;
	record = actor(c);
	if (!record)
		return 0;
	file = file_of_descriptor(descriptor);
	if (!file) {
		/* Another thread closed it before we looked. */
		note_loss(LOSS_READ_FAILED);
		key = key_of(record, OP_READ, RESULT_ALLOWED, 0);
		count(&key);
		return 0;
	}
	mode = FIELD(struct file, file, f_mode);
	key = key_of(record, operation_of_mode(mode), RESULT_ALLOWED, file_object(file, c));
	if (count_known(&key))
		return 0;
	key.object = describe_file(file, key.object, key.unit);
	count(&key);
	return 0;
}

static __always_inline int open_failed(long ret, u16 operation, const char *path, long directory)
{
	struct configuration *c = config();
	struct task_record *record;
	struct counter_key key;
	u64 object = 0;
	u8 result = result_of(ret);

	if (!c)
		return 0;
	record = actor(c);
	if (!record)
		return 0;
	if (result == RESULT_DENIED)
		object = describe_user_path(path, directory, record->unit);
	key = key_of(record, operation, result, object);
	count(&key);
	return 0;
}

#define REGISTERS() ((struct pt_regs *)bpf_task_pt_regs(bpf_get_current_task_btf()))

SEC("tp/syscalls/sys_exit_openat")
int handle_openat(struct trace_event_raw_sys_exit *context)
{
	struct pt_regs *regs;

	if (context->ret >= 0)
		return opened(context->ret);
	regs = REGISTERS();
	return open_failed(context->ret, operation_of_flags(ARGUMENT_2(regs)), (const char *)ARGUMENT_1(regs),
			   (int)ARGUMENT_0(regs));
}

SEC("tp/syscalls/sys_exit_openat2")
int handle_openat2(struct trace_event_raw_sys_exit *context)
{
	struct pt_regs *regs;
	u64 flags = 0;

	if (context->ret >= 0)
		return opened(context->ret);
	regs = REGISTERS();
	bpf_probe_read_user(&flags, sizeof(flags), (void *)ARGUMENT_2(regs));
	return open_failed(context->ret, operation_of_flags(flags), (const char *)ARGUMENT_1(regs),
			   (int)ARGUMENT_0(regs));
}

SEC("tp/syscalls/sys_exit_open")
int handle_open(struct trace_event_raw_sys_exit *context)
{
	struct pt_regs *regs;

	if (context->ret >= 0)
		return opened(context->ret);
	regs = REGISTERS();
	return open_failed(context->ret, operation_of_flags(ARGUMENT_1(regs)), (const char *)ARGUMENT_0(regs),
			   AT_FDCWD);
}

SEC("tp/syscalls/sys_exit_creat")
int handle_creat(struct trace_event_raw_sys_exit *context)
{
	struct pt_regs *regs;

	if (context->ret >= 0)
		return opened(context->ret);
	regs = REGISTERS();
	return open_failed(context->ret, OP_CREATE, (const char *)ARGUMENT_0(regs), AT_FDCWD);
}

SEC("tp/syscalls/sys_exit_open_by_handle_at")
int handle_open_by_handle(struct trace_event_raw_sys_exit *context)
{
	struct configuration *c = config();
	struct task_record *record;
	struct counter_key key;

	if (context->ret >= 0)
		return opened(context->ret);
	if (!c)
		return 0;
	record = actor(c);
	if (!record)
		return 0;
	/* A handle has no name to show. */
	key = key_of(record, OP_READ, result_of(context->ret), 0);
	count(&key);
	return 0;
}

/* A change of something named by text: counted by outcome, described by that text. */
static __always_inline int changed_path(long ret, u16 operation, const char *path, long directory)
{
	struct configuration *c = config();
	struct task_record *record;
	struct counter_key key;
	u64 object = 0;
	u8 result = result_of(ret);

	if (!c)
		return 0;
	record = actor(c);
	if (!record)
		return 0;
	if (result != RESULT_FAILED)
		object = describe_user_path(path, directory, record->unit);
	key = key_of(record, operation, result, object);
	count(&key);
	return 0;
}

static __always_inline int changed_descriptor(long ret, u16 operation, long descriptor)
{
	struct configuration *c = config();
	struct task_record *record;
	struct counter_key key;
	struct file *file;
	u8 result = result_of(ret);

	if (!c)
		return 0;
	record = actor(c);
	if (!record)
		return 0;
	file = result == RESULT_FAILED ? NULL : file_of_descriptor(descriptor);
	key = key_of(record, operation, result, file ? file_object(file, c) : 0);
	if (count_known(&key))
		return 0;
	if (file)
		key.object = describe_file(file, key.object, key.unit);
	count(&key);
	return 0;
}

#define CHANGED_BY_PATH(call, operation, path, directory)                                            \
	SEC("tp/syscalls/sys_exit_" #call)                                                            \
	int handle_##call(struct trace_event_raw_sys_exit *context)                                   \
	{                                                                                             \
		struct pt_regs *regs = REGISTERS();                                                   \
		return changed_path(context->ret, operation, (const char *)path(regs), directory);    \
	}

#define CHANGED_BY_DESCRIPTOR(call, operation)                                                        \
	SEC("tp/syscalls/sys_exit_" #call)                                                            \
	int handle_##call(struct trace_event_raw_sys_exit *context)                                   \
	{                                                                                             \
		struct pt_regs *regs = REGISTERS();                                                   \
		return changed_descriptor(context->ret, operation, (int)ARGUMENT_0(regs));            \
	}

/* Both names of a rename or link are objects of it, each counted once per call. */
#define CHANGED_BY_TWO_PATHS(call, operation, path_a, directory_a, path_b, directory_b)               \
	SEC("tp/syscalls/sys_exit_" #call)                                                            \
	int handle_##call(struct trace_event_raw_sys_exit *context)                                   \
	{                                                                                             \
		struct pt_regs *regs = REGISTERS();                                                   \
		changed_path(context->ret, operation, (const char *)path_a(regs), directory_a);       \
		return changed_path(context->ret, operation, (const char *)path_b(regs), directory_b); \
	}

#define DIRECTORY_0 ((int)ARGUMENT_0(regs))
#define DIRECTORY_1 ((int)ARGUMENT_1(regs))
#define DIRECTORY_2 ((int)ARGUMENT_2(regs))

CHANGED_BY_PATH(unlink, OP_DELETE, ARGUMENT_0, AT_FDCWD)
CHANGED_BY_PATH(unlinkat, OP_DELETE, ARGUMENT_1, DIRECTORY_0)
CHANGED_BY_PATH(rmdir, OP_DELETE, ARGUMENT_0, AT_FDCWD)
CHANGED_BY_TWO_PATHS(rename, OP_RENAME, ARGUMENT_0, AT_FDCWD, ARGUMENT_1, AT_FDCWD)
CHANGED_BY_TWO_PATHS(renameat, OP_RENAME, ARGUMENT_1, DIRECTORY_0, ARGUMENT_3, DIRECTORY_2)
CHANGED_BY_TWO_PATHS(renameat2, OP_RENAME, ARGUMENT_1, DIRECTORY_0, ARGUMENT_3, DIRECTORY_2)
CHANGED_BY_TWO_PATHS(link, OP_LINK, ARGUMENT_0, AT_FDCWD, ARGUMENT_1, AT_FDCWD)
CHANGED_BY_TWO_PATHS(linkat, OP_LINK, ARGUMENT_1, DIRECTORY_0, ARGUMENT_3, DIRECTORY_2)
CHANGED_BY_PATH(symlink, OP_LINK, ARGUMENT_1, AT_FDCWD)
CHANGED_BY_PATH(symlinkat, OP_LINK, ARGUMENT_2, DIRECTORY_1)
CHANGED_BY_PATH(chmod, OP_CHMOD, ARGUMENT_0, AT_FDCWD)
CHANGED_BY_PATH(fchmodat, OP_CHMOD, ARGUMENT_1, DIRECTORY_0)
CHANGED_BY_PATH(fchmodat2, OP_CHMOD, ARGUMENT_1, DIRECTORY_0)
CHANGED_BY_DESCRIPTOR(fchmod, OP_CHMOD)
CHANGED_BY_PATH(chown, OP_CHOWN, ARGUMENT_0, AT_FDCWD)
CHANGED_BY_PATH(lchown, OP_CHOWN, ARGUMENT_0, AT_FDCWD)
CHANGED_BY_PATH(fchownat, OP_CHOWN, ARGUMENT_1, DIRECTORY_0)
CHANGED_BY_DESCRIPTOR(fchown, OP_CHOWN)
CHANGED_BY_PATH(mkdir, OP_MKDIR, ARGUMENT_0, AT_FDCWD)
CHANGED_BY_PATH(mkdirat, OP_MKDIR, ARGUMENT_1, DIRECTORY_0)
CHANGED_BY_PATH(mknod, OP_MKNOD, ARGUMENT_0, AT_FDCWD)
CHANGED_BY_PATH(mknodat, OP_MKNOD, ARGUMENT_1, DIRECTORY_0)
CHANGED_BY_PATH(truncate, OP_TRUNCATE, ARGUMENT_0, AT_FDCWD)
CHANGED_BY_DESCRIPTOR(ftruncate, OP_TRUNCATE)
CHANGED_BY_PATH(setxattr, OP_SETATTR, ARGUMENT_0, AT_FDCWD)
CHANGED_BY_PATH(lsetxattr, OP_SETATTR, ARGUMENT_0, AT_FDCWD)
CHANGED_BY_DESCRIPTOR(fsetxattr, OP_SETATTR)
CHANGED_BY_PATH(removexattr, OP_SETATTR, ARGUMENT_0, AT_FDCWD)
CHANGED_BY_PATH(lremovexattr, OP_SETATTR, ARGUMENT_0, AT_FDCWD)
CHANGED_BY_DESCRIPTOR(fremovexattr, OP_SETATTR)
CHANGED_BY_PATH(utime, OP_SETATTR, ARGUMENT_0, AT_FDCWD)
CHANGED_BY_PATH(utimes, OP_SETATTR, ARGUMENT_0, AT_FDCWD)
CHANGED_BY_PATH(futimesat, OP_SETATTR, ARGUMENT_1, DIRECTORY_0)

SEC("tp/syscalls/sys_exit_utimensat")
int handle_utimensat(struct trace_event_raw_sys_exit *context)
{
	struct pt_regs *regs = REGISTERS();

	/* Without a path it works on the descriptor itself: futimens(3). */
	if (!ARGUMENT_1(regs))
		return changed_descriptor(context->ret, OP_SETATTR, (int)ARGUMENT_0(regs));
	return changed_path(context->ret, OP_SETATTR, (const char *)ARGUMENT_1(regs), (int)ARGUMENT_0(regs));
}
