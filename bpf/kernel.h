/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * The kernel types that our programs read: only the fields that we name. Offsets are
 * relocated at load time against the running kernel's BTF (preserve_access_index), so
 * neither the order nor the completeness of these structs matters, and building needs
 * no BTF on the build machine. Fields that moved or were renamed get a flavour
 * (`struct x___old`), chosen with bpf_core_field_exists.
 */
#ifndef WHITTLE_KERNEL_H
#define WHITTLE_KERNEL_H

#include <linux/types.h>

typedef __u8 u8;
typedef __u16 u16;
typedef __u32 u32;
typedef __u64 u64;
typedef __s64 s64;
typedef _Bool bool;
#define true 1
#define false 0

#ifndef NULL
#define NULL ((void *)0)
#endif

/* bpf_helpers.h declares helpers with these before they are defined. */
struct bpf_sock_addr;
struct bpf_map;

#include <linux/bpf.h>

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct list_head {
	struct list_head *next, *prev;
};

struct qstr {
	u32 hash;
	u32 len;
	const unsigned char *name;
};

struct super_block {
	unsigned int s_dev;
	unsigned long s_magic;
};

struct inode {
	unsigned short i_mode;
	unsigned int i_nlink;
	unsigned long i_ino;
	struct super_block *i_sb;
};

struct dentry {
	struct dentry *d_parent;
	struct qstr d_name;
	struct inode *d_inode;
	struct super_block *d_sb;
};

struct vfsmount {
	struct dentry *mnt_root;
	struct super_block *mnt_sb;
};

struct mount {
	struct mount *mnt_parent;
	struct dentry *mnt_mountpoint;
	struct vfsmount mnt;
	int mnt_id;
};

struct path {
	struct vfsmount *mnt;
	struct dentry *dentry;
};

struct file {
	unsigned int f_mode;
	struct inode *f_inode;
	struct path f_path;
	void *private_data;
};

struct fdtable {
	unsigned int max_fds;
	struct file **fd;
};

struct files_struct {
	struct fdtable *fdt;
};

struct fs_struct {
	struct path root;
	struct path pwd;
};

struct kernfs_node {
	u64 id;
};

struct cgroup_root {
	int hierarchy_id;
};

struct cgroup {
	struct kernfs_node *kn;
	struct cgroup_root *root;
	int level;
};

struct cgrp_cset_link {
	struct cgroup *cgrp;
	struct list_head cgrp_link;
};

struct css_set {
	struct cgroup *dfl_cgrp;
	struct list_head cgrp_links;
};

struct tty_struct;
struct signal_struct {
	struct tty_struct *tty;
};

typedef struct {
	unsigned int val;
} kuid_t;

struct user_namespace {
	int level;
};

struct cred {
	kuid_t uid;
	kuid_t euid;
	struct user_namespace *user_ns;
};

struct mnt_namespace;
struct nsproxy {
	struct mnt_namespace *mnt_ns;
};

struct mm_struct {
	struct file *exe_file;
	unsigned long arg_start;
	unsigned long arg_end;
	unsigned long saved_auxv[44];
};

struct vm_area_struct {
	struct file *vm_file;
};

struct task_struct {
	unsigned int flags;
	int pid;
	int tgid;
	struct task_struct *real_parent;
	struct task_struct *group_leader;
	char comm[16];
	struct mm_struct *mm;
	struct fs_struct *fs;
	struct files_struct *files;
	struct css_set *cgroups;
	struct signal_struct *signal;
	struct nsproxy *nsproxy;
	const struct cred *cred;
};

struct linux_binprm {
	struct file *file;
	const char *filename;
	const char *interp;
	char buf[256];
};

struct in6_addr {
	union {
		u32 u6_addr32[4];
	} in6_u;
};

struct sock_common {
	u32 skc_daddr;
	u32 skc_rcv_saddr;
	u16 skc_dport;
	u16 skc_num;
	unsigned short skc_family;
	struct in6_addr skc_v6_daddr;
	struct in6_addr skc_v6_rcv_saddr;
};

struct sock {
	struct sock_common __sk_common;
	u16 sk_type;
	u16 sk_protocol;
};

struct socket {
	short type;
	struct sock *sk;
};

struct unix_address {
	int len;
};

struct unix_sock {
	struct unix_address *addr;
	struct path path;
	struct sock *peer;
};

#if defined(__TARGET_ARCH_x86)
struct pt_regs {
	unsigned long r10, r9, r8;
	unsigned long dx, si, di;
	unsigned long orig_ax;
};
#define ARGUMENT_0(regs) ((regs)->di)
#define ARGUMENT_1(regs) ((regs)->si)
#define ARGUMENT_2(regs) ((regs)->dx)
#define ARGUMENT_3(regs) ((regs)->r10)
#define ARGUMENT_4(regs) ((regs)->r8)
#define SYSCALL_NUMBER(regs) ((long)(regs)->orig_ax)
#elif defined(__TARGET_ARCH_arm64)
struct pt_regs {
	u64 orig_x0;
	int syscallno;
};
struct pt_regs___registers {
	u64 regs[31];
};
#define ARM64_REGISTER(regs, n) (((struct pt_regs___registers *)(regs))->regs[n])
#define ARGUMENT_0(regs) ((regs)->orig_x0)
#define ARGUMENT_1(regs) ARM64_REGISTER(regs, 1)
#define ARGUMENT_2(regs) ARM64_REGISTER(regs, 2)
#define ARGUMENT_3(regs) ARM64_REGISTER(regs, 3)
#define ARGUMENT_4(regs) ARM64_REGISTER(regs, 4)
#define SYSCALL_NUMBER(regs) ((long)(regs)->syscallno)
#else
#error "set __TARGET_ARCH_x86 or __TARGET_ARCH_arm64"
#endif

struct trace_entry {
	unsigned short type;
};

struct trace_event_raw_sys_exit {
	struct trace_entry ent;
	long id;
	long ret;
};

struct bpf_iter_meta;
struct bpf_iter__task {
	struct bpf_iter_meta *meta;
	struct task_struct *task;
};

#pragma clang attribute pop

/*
 * Direct loads. A pointer that the verifier does not know the type of (out of an array, or
 * from a helper) can be given one with bpf_rdonly_cast since 6.2 (commit a35b9af4ec2c), and
 * its fields are then plain loads; before that each field is a call of bpf_probe_read_kernel,
 * which made half of what an open cost. A wrong or stale pointer reads zeros, as with the call.
 */
extern int LINUX_KERNEL_VERSION __attribute__((section(".kconfig")));
extern void *bpf_rdonly_cast(const void *pointer, u32 type) __attribute__((section(".ksyms"))) __attribute__((weak));

#define CASTS (LINUX_KERNEL_VERSION >= ((6 << 16) + (2 << 8)))
#define AS(type, pointer) ((type *)bpf_rdonly_cast((const void *)(pointer), bpf_core_type_id_kernel(type)))

/* One field of a struct at an address; `pointer` is evaluated once. */
#define FIELD(type, pointer, field)                                                                   \
	({                                                                                            \
		typeof(((type *)0)->field) value_of_field;                                            \
		const void *struct_of_field = (pointer);                                              \
		if (CASTS)                                                                            \
			value_of_field = AS(type, struct_of_field)->field;                            \
		else                                                                                  \
			value_of_field = BPF_CORE_READ((type *)struct_of_field, field);               \
		value_of_field;                                                                       \
	})

/* fs.h: FMODE_READ, FMODE_WRITE, FMODE_PATH, FMODE_CREATED. */
#define FMODE_READ 0x1
#define FMODE_WRITE 0x2
#define FMODE_PATH 0x4000
#define FMODE_CREATED 0x100000

/* include/uapi/linux/magic.h */
#define PROC_SUPER_MAGIC 0x9fa0
#define PIPEFS_MAGIC 0x50495045
#define SOCKFS_MAGIC 0x534F434B
#define ANON_INODE_FS_MAGIC 0x09041934

#define AF_UNIX 1
#define AF_INET 2
#define AF_INET6 10
#define AF_PACKET 17
#define SOCK_RAW 3

#define EPERM 1
#define EACCES 13
#define EEXIST 17
#define EINPROGRESS 115

#define S_IFMT 0170000
#define S_IFDIR 0040000
#define S_IFSOCK 0140000

#define AT_FDCWD (-100)
#define AT_BASE 7

#define PF_KTHREAD 0x00200000

#endif
