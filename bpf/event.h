/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * What the programs hand to the sensor. `native/layout.ts` describes the same bytes, and
 * test/native/layout.test.ts compares both through the objects' BTF.
 */
#ifndef WHITTLE_EVENT_H
#define WHITTLE_EVENT_H

#include <linux/types.h>

enum {
	NAME_BYTES = 256,
	TEXT_BYTES = 4096,
	DEPTH_MAX = 96,
	ARGUMENT_BYTES = 1024,
};

/* What was done. Values are part of the wire format: append only. */
enum operation {
	OP_NONE = 0,
	OP_EXEC = 1,
	OP_START = 2, /* the first process of a unit */
	OP_FORK = 3, /* no longer counted: it grants nothing */
	OP_EXIT = 4,
	OP_READ = 10,
	OP_WRITE = 11,
	OP_READ_WRITE = 12,
	OP_CREATE = 13,
	OP_CREATE_READ = 14,
	OP_OPEN_PATH = 15, /* O_PATH: grants nothing, counted only */
	OP_DELETE = 20,
	OP_RENAME = 21,
	OP_LINK = 22,
	OP_CHMOD = 23,
	OP_CHOWN = 24,
	OP_MKDIR = 25,
	OP_MKNOD = 26,
	OP_TRUNCATE = 27,
	OP_SETATTR = 28,
	OP_CONNECT = 40,
	OP_SEND = 41,
	OP_BIND = 42,
	OP_LISTEN = 43,
	OP_ACCEPT = 44,
	OP_CAPABILITY = 60,
	OP_PTRACE = 61,
	OP_MOUNT = 62,
	OP_NAMESPACE = 63,
	OP_MODULE = 64,
	OP_RAW_SOCKET = 65,
	OP_BPF = 66,
	OP_SETUID = 67,
	/* Blind spots: what we know that we cannot see. */
	OP_IO_URING = 80,
	OP_EXEC_32_BIT = 81,
};

enum result {
	RESULT_ALLOWED = 0,
	RESULT_DENIED = 1,
	RESULT_FAILED = 2,
};

enum counter_flag {
	FLAG_REQUIRED = 1, /* implied by exec itself: a script that an interpreter runs */
	FLAG_INTERACTIVE = 2, /* the process has a controlling terminal */
};

/*
 * One behaviour. `object` is the keyed hash under which a first-sight record described
 * the object; 0 means that its detail was lost or never existed (a failure).
 * `unit` is (kind << 56) | id: who did it.
 */
struct counter_key {
	__u64 unit;
	__u64 source;
	__u64 object;
	__u16 operation;
	__u8 result;
	__u8 flags;
	__u32 zero;
};

struct counter_value {
	__u64 count;
	__u64 first_ns; /* CLOCK_BOOTTIME */
	__u32 pid;
	__u32 zero;
};

/* Total of a unit's operation where the detail did not fit. */
struct other_key {
	__u64 unit;
	__u16 operation;
	__u8 result;
	__u8 zero[5];
};

enum unit_kind {
	UNIT_CGROUP2 = 0, /* id: the v2 cgroup's */
	UNIT_CGROUP1 = 1, /* id: (hierarchy << 48) | the v1 cgroup's */
	UNIT_PROGRAM = 2, /* id: low 56 bits of the executable's object hash */
};

enum record_kind {
	RECORD_FILE = 1,
	RECORD_USER_PATH = 2,
	RECORD_NETWORK = 3,
	RECORD_UNIX = 4,
	RECORD_EXEC = 5,
	RECORD_CGROUP = 6,
	RECORD_TEXT = 7,
};

enum record_flag {
	RECORD_TRUNCATED = 1,
	RECORD_DETACHED = 2, /* the walk ended outside any mount tree */
	RECORD_DELETED = 4,
	RECORD_DIRECTORY = 8,
	RECORD_COLLAPSED = 16, /* stands for all files directly in this directory */
	RECORD_ABSTRACT = 32,
	RECORD_SNAPSHOT = 64,
};

/*
 * First sight of an object. `text` holds, by kind:
 * FILE, UNIX: names from the leaf up to the root, each ending in NUL.
 * USER_PATH: the path as the program passed it, NUL, then the base directory's names.
 * EXEC: the command line, arguments ending in NUL.
 * CGROUP: its path. TEXT: itself.
 */
struct first_sight {
	__u64 object;
	__u64 unit;
	__u64 source;
	__u64 at_ns;
	__u64 inode;
	__u64 interpreter; /* EXEC: the object of the loader that exec mapped, 0 for a static program */
	__u32 device;
	__u32 pid;
	__u32 parent_pid;
	__u32 uid;
	__u16 kind;
	__u16 flags;
	__u16 operation;
	__u16 length; /* bytes of text that are in use */
	__u16 family;
	__u16 protocol;
	__u16 port; /* host byte order */
	__u16 direction; /* 0 egress, 1 ingress */
	__u8 address[16]; /* network byte order; IPv4 in the first four bytes */
	char text[TEXT_BYTES];
};

/* The loss ledger: everything that the programs could not do, counted, per CPU. */
enum loss {
	LOSS_RING_FULL = 0, /* first sight postponed, the count kept without its detail */
	LOSS_COUNTERS_FULL = 1, /* detail lost, total kept per unit and operation */
	LOSS_OTHER_FULL = 2, /* detail and unit lost, total kept per operation */
	LOSS_SEEN_FULL = 3,
	LOSS_BUDGET_FULL = 4,
	LOSS_COLLAPSED = 5, /* counted under its directory */
	LOSS_PATH_TRUNCATED = 6,
	LOSS_READ_FAILED = 7,
	LOSS_TASK_STORAGE = 8,
	LOSS_MAP_BUSY = 9,
	LOSS_NO_MAP = 10,
	LOSS_KINDS = 16,
};

struct configuration {
	__u64 seed; /* secret, drawn at load: object hashes cannot be forged */
	__u64 root_cgroup2; /* id of the v2 root */
	__u64 self_cgroup2; /* the sensor's own v2 cgroup */
	__u64 self_executable; /* object hash of the sensor's own binary: set by the snapshot */
	__u64 self_script[2]; /* hash of the command line's entry point, two spellings */
	__u64 self_mount_namespace; /* set by the snapshot */
	__u32 hierarchies[3]; /* v1 hierarchy ids: name=systemd, memory, pids; 0 none */
	__u32 directory_budget; /* distinct names kept per unit and directory */
	__u32 peer_budget; /* distinct peers kept per unit and direction */
	__u32 epoch; /* bumped at each drain */
};

/* Per task; inherited over fork, renewed at exec. */
enum task_flag {
	TASK_SELF = 2,
	TASK_INTERACTIVE = 4,
	TASK_32_BIT = 8,
	TASK_SELF_PENDING = 16,
};

struct task_record {
	__u64 unit;
	__u64 source; /* object hash of the executable */
	__u64 cgroup2;
	__u64 capability_allowed; /* bits seen in this epoch */
	__u64 capability_denied;
	__u32 flags;
	__u32 capability_epoch;
};

#endif
