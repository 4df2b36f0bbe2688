/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Identity and names of files. A file is counted under a hash of (mount, superblock,
 * inode, name hash): the kernel's name hash is salted with the parent directory, so a
 * hard link, a bind mount or another directory gives another object, and its name is
 * told at first sight. Names are copied from the leaf up, never compared in the kernel.
 */
#ifndef WHITTLE_PATH_H
#define WHITTLE_PATH_H

#include "maps.h"

struct place {
	struct dentry *dentry;
	struct vfsmount *mnt;
};

static __always_inline void read_place(struct place *place, const struct path *path)
{
	/* struct path is {mnt, dentry} on every kernel that has BPF; one read for both. */
	struct {
		void *mnt, *dentry;
	} both = {};

	bpf_probe_read_kernel(&both, sizeof(both), path);
	place->mnt = both.mnt;
	place->dentry = both.dentry;
}

static __always_inline struct mount *mount_of(struct vfsmount *mnt)
{
	return (void *)mnt - bpf_core_field_offset(struct mount, mnt);
}

/*
 * Non-zero when one of eight bytes, up to the first NUL, is not a digit. Without branches
 * on single characters, of which the verifier would walk every combination: a byte b is a
 * digit when (b ^ 0x30) < 10, that is, when adding 0x76 does not reach the sign bit.
 */
static __always_inline u64 other_than_digits(u64 word)
{
	const u64 signs = 0x8080808080808080ULL;
	u64 digits = word ^ 0x3030303030303030ULL;
	u64 nuls = (word - 0x0101010101010101ULL) & ~word & signs;

	return ((digits + 0x7676767676767676ULL) | digits) & signs & ~nuls;
}

/*
 * procfs has an inode for every process and file; its objects are named instead, with
 * every all-digits name read as one, or the table would fill with process ids.
 */
RARE u64 proc_object(u64 leaf, u64 hash)
{
	struct dentry *dentry = (void *)leaf, *parent;

	for (int i = 0; i < 8; i++) {
		u64 name[2] = {};
		const unsigned char *text = BPF_CORE_READ(dentry, d_name.name);

		parent = BPF_CORE_READ(dentry, d_parent);
		if (parent == dentry)
			break;
		bpf_probe_read_kernel_str(name, sizeof(name), text);
		if (other_than_digits(name[0]) || other_than_digits(name[1])) {
			hash = mix(mix(hash, name[0]), name[1]);
			/* Names longer than what was read differ in their length at least. */
			hash = mix(hash, BPF_CORE_READ(dentry, d_name.len));
		} else {
			hash = mix(hash, 1);
		}
		dentry = parent;
	}
	return hash;
}

/* What tells files apart; numbers only, so that it is the same however they were read. */
struct identity {
	u64 magic;
	u64 inode;
	u32 device;
	u32 mount;
	u32 name;
};

/* Pipes, sockets and anonymous inodes have no path; one object for each kind. */
static __always_inline bool is_nameless(u64 magic)
{
	return magic == PIPEFS_MAGIC || magic == SOCKFS_MAGIC || magic == ANON_INODE_FS_MAGIC;
}

static __always_inline u64 identity_object(const struct identity *file, u64 leaf, struct configuration *c)
{
	u64 hash;

	if (is_nameless(file->magic))
		return mix(c->seed, file->magic);
	hash = mix(c->seed, ((u64)file->device << 32) | file->mount);
	if (file->magic == PROC_SUPER_MAGIC)
		return proc_object(leaf, hash);
	return mix(mix(hash, file->inode), file->name);
}

static __always_inline u64 place_object(struct place *place, struct inode *inode, struct configuration *c)
{
	struct super_block *sb = BPF_CORE_READ(inode, i_sb);
	struct mount *mount = mount_of(place->mnt);
	struct dentry *leaf = place->dentry;
	struct identity identity = {
		.magic = BPF_CORE_READ(sb, s_magic),
		.inode = BPF_CORE_READ(inode, i_ino),
		.device = BPF_CORE_READ(sb, s_dev),
		.mount = BPF_CORE_READ(mount, mnt_id),
		.name = BPF_CORE_READ(leaf, d_name.hash),
	};

	return identity_object(&identity, (u64)leaf, c);
}

static __always_inline u64 file_object(struct file *file, struct configuration *c)
{
	struct place place;

	if (CASTS) {
		struct file *direct = AS(struct file, file);
		struct inode *inode = direct->f_inode;
		struct super_block *sb = inode->i_sb;
		struct identity identity = {
			.magic = sb->s_magic,
			.inode = inode->i_ino,
			.device = sb->s_dev,
			.mount = AS(struct mount, mount_of(direct->f_path.mnt))->mnt_id,
			.name = direct->f_path.dentry->d_name.hash,
		};

		if (identity.magic != PROC_SUPER_MAGIC)
			return identity_object(&identity, 0, c);
	}
	read_place(&place, &file->f_path);
	return place_object(&place, BPF_CORE_READ(file, f_inode), c);
}

/*
 * Appends the names from a dentry up to the root of its mount tree to the record's text,
 * behind its present length. The length is kept in the record and read back (volatile) at each step, so that
 * the verifier sees one state per step instead of one per possible length.
 */
RARE int append_names(struct first_sight *record, u64 leaf, u64 mnt)
{
	struct dentry *dentry = (void *)leaf, *root, *up;
	struct mount *mount, *below;
	const unsigned char *name;
	bool whole = false;
	long length;
	u32 at;

	if (!record)
		return 0;
	mount = mount_of((void *)mnt);
	for (int i = 0; i < DEPTH_MAX; i++) {
		root = BPF_CORE_READ(mount, mnt.mnt_root);
		if (dentry == root) {
			below = BPF_CORE_READ(mount, mnt_parent);
			if (below == mount) {
				whole = true;
				break;
			}
			dentry = BPF_CORE_READ(mount, mnt_mountpoint);
			mount = below;
			continue;
		}
		at = *(volatile u16 *)&record->length;
		if (at > TEXT_BYTES - NAME_BYTES)
			break;
		name = BPF_CORE_READ(dentry, d_name.name);
		length = bpf_probe_read_kernel_str(&record->text[at], NAME_BYTES, name);
		if (length < 0) {
			note_loss(LOSS_READ_FAILED);
			break;
		}
		record->length = at + length;
		up = BPF_CORE_READ(dentry, d_parent);
		if (up == dentry) {
			/* A root that nothing is mounted on: pipes, memfd, lazily unmounted trees. */
			record->flags |= RECORD_DETACHED;
			whole = true;
			break;
		}
		dentry = up;
	}
	if (!whole) {
		record->flags |= RECORD_TRUNCATED;
		note_loss(LOSS_PATH_TRUNCATED);
	}
	return 0;
}

/* Describes a file, unless that was done. Returns the object to count under, 0 without detail. */
RARE u64 describe_place(u64 leaf_address, u64 mnt, u64 inode_address, u64 object, u64 unit)
{
	struct configuration *c = config();
	struct first_sight *record;
	struct dentry *leaf = (void *)leaf_address, *parent;
	struct inode *inode = (void *)inode_address;
	struct super_block *sb = BPF_CORE_READ(inode, i_sb);
	u16 mode = BPF_CORE_READ(inode, i_mode);
	u16 flags = 0;
	u64 directory;

	if (!c)
		return 0;
	if (is_seen(object))
		return object;
	parent = BPF_CORE_READ(leaf, d_parent);
	directory = mix(mix(mix(c->seed, (u64)sb), BPF_CORE_READ(parent, d_inode, i_ino)), unit);
	if (!within_budget(directory, c->directory_budget)) {
		note_loss(LOSS_COLLAPSED);
		object = mix(directory, 2);
		if (is_seen(object))
			return object;
		leaf = parent;
		flags = RECORD_COLLAPSED;
	}
	record = reserve(RECORD_FILE, object);
	if (!record)
		return 0;
	record->unit = unit;
	record->flags = flags;
	record->inode = BPF_CORE_READ(inode, i_ino);
	record->device = BPF_CORE_READ(sb, s_dev);
	if ((mode & S_IFMT) == S_IFDIR)
		record->flags |= RECORD_DIRECTORY;
	if (!flags && BPF_CORE_READ(inode, i_nlink) == 0)
		record->flags |= RECORD_DELETED;
	append_names(record, (u64)leaf, mnt);
	if (!remember(object)) {
		bpf_ringbuf_discard(record, BPF_RB_NO_WAKEUP);
		return 0;
	}
	submit(record);
	return object;
}

static __always_inline u64 describe_file(struct file *file, u64 object, u64 unit)
{
	struct place place;

	read_place(&place, &file->f_path);
	return describe_place((u64)place.dentry, (u64)place.mnt, (u64)BPF_CORE_READ(file, f_inode), object, unit);
}

/* The open file behind a descriptor of the current task. */
static __always_inline struct file *file_of_descriptor(long descriptor)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct fdtable *table = task->files->fdt;
	struct file **files = table->fd, *file = NULL;

	if (descriptor < 0 || descriptor >= table->max_fds)
		return NULL;
	/* An element of an array of pointers: any struct that begins with a pointer reads it. */
	if (CASTS)
		return (void *)AS(struct list_head, files + descriptor)->next;
	bpf_probe_read_kernel(&file, sizeof(file), files + descriptor);
	return file;
}

#endif
