/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Paths that a program passed as text: of calls that failed (nothing was resolved) and of
 * calls whose object is gone or was never opened (unlink, rename …). Another thread can
 * change the text between the call and us; without trampolines no hook sees what the
 * kernel resolved. SECURITY.md says so; such objects carry RECORD_USER_PATH.
 */
#ifndef WHITTLE_USER_PATH_H
#define WHITTLE_USER_PATH_H

#include "path.h"

static __always_inline long read_text(void *to, u32 size, const char *text, bool user)
{
	return user ? bpf_probe_read_user_str(to, size, text) : bpf_probe_read_kernel_str(to, size, text);
}

enum { CHUNK_BYTES = 64, CHUNKS_MAX = 16 };

/*
 * Hash of a text, read in small pieces because the stack is small; its first character
 * goes to `first`. Beyond 1008 bytes two texts may share a hash: the record is marked.
 */
static __always_inline u64 text_hash(const char *text, bool user, u64 hash, char *first)
{
	*first = 0;
	for (int i = 0; i < CHUNKS_MAX; i++) {
		u64 words[CHUNK_BYTES / 8] = {};
		long length = read_text(words, CHUNK_BYTES, text + i * (CHUNK_BYTES - 1), user);

		if (length <= 1)
			break;
		if (i == 0)
			*first = *(char *)words;
		for (int j = 0; j < CHUNK_BYTES / 8; j++)
			hash = mix(hash, words[j]);
		if (length < CHUNK_BYTES)
			break;
	}
	return hash;
}

/* Where a relative path starts: the descriptor's directory, or the working directory. */
static __always_inline bool base_place(struct place *place, long directory)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct fs_struct *fs = task->fs;
	struct file *file;

	if (directory == AT_FDCWD) {
		read_place(place, &fs->pwd);
		return place->dentry != NULL;
	}
	file = file_of_descriptor(directory);
	if (!file)
		return false;
	read_place(place, &file->f_path);
	return place->dentry != NULL;
}

static __always_inline u32 mount_number(struct vfsmount *mnt)
{
	return FIELD(struct mount, mount_of(mnt), mnt_id);
}

RARE u64 describe_path_text(u64 text_address, u32 user, s64 directory, u64 unit)
{
	struct configuration *c = config();
	const char *text = (const char *)text_address;
	struct task_struct *task = bpf_get_current_task_btf();
	struct first_sight *record;
	struct place base = {}, root = {};
	struct dentry *base_dentry;
	u64 object, budget;
	long length;
	char first;
	bool absolute;

	if (!c)
		return 0;
	object = text_hash(text, user, c->seed, &first);
	if (!first) {
		note_loss(LOSS_READ_FAILED);
		return 0;
	}
	absolute = first == '/';
	read_place(&root, &task->fs->root);
	if (absolute)
		base = root;
	else if (!base_place(&base, directory))
		return 0;
	object = mix(object, mount_number(root.mnt));
	object = mix(object, mount_number(base.mnt));
	base_dentry = base.dentry;
	object = mix(object, BPF_CORE_READ(base_dentry, d_inode, i_ino));
	if (is_seen(object))
		return object;

	/* One budget for all texts of a unit: they are chosen by the program, so they are bounded. */
	budget = mix(mix(c->seed, unit), RECORD_USER_PATH);
	if (!within_budget(budget, c->directory_budget * 8)) {
		note_loss(LOSS_COLLAPSED);
		return 0;
	}
	record = reserve(RECORD_USER_PATH, object);
	if (!record)
		return 0;
	record->unit = unit;
	length = read_text(record->text, TEXT_BYTES / 2, text, user);
	if (length < 0) {
		bpf_ringbuf_discard(record, BPF_RB_NO_WAKEUP);
		note_loss(LOSS_READ_FAILED);
		return 0;
	}
	if (length == TEXT_BYTES / 2)
		record->flags |= RECORD_TRUNCATED;
	record->length = length;
	if (!absolute)
		append_names(record, (u64)base.dentry, (u64)base.mnt);
	if (!remember(object)) {
		bpf_ringbuf_discard(record, BPF_RB_NO_WAKEUP);
		return 0;
	}
	submit(record);
	return object;
}

static __always_inline u64 describe_user_path(const char *text, long directory, u64 unit)
{
	return describe_path_text((u64)text, true, directory, unit);
}

static __always_inline u64 describe_kernel_path(const char *text, u64 unit)
{
	return describe_path_text((u64)text, false, AT_FDCWD, unit);
}

#endif
