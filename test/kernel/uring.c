/* Submits 23 no-operations through io_uring and waits for them. Ends with errno when it cannot. */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/io_uring.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(void)
{
	struct io_uring_params parameters = {0};
	int ring = syscall(SYS_io_uring_setup, 32, &parameters);
	if (ring < 0)
		return errno;
	char *queue = mmap(NULL, parameters.sq_off.array + parameters.sq_entries * sizeof(unsigned), PROT_READ | PROT_WRITE,
			   MAP_SHARED | MAP_POPULATE, ring, IORING_OFF_SQ_RING);
	struct io_uring_sqe *entries = mmap(NULL, parameters.sq_entries * sizeof(*entries), PROT_READ | PROT_WRITE,
					    MAP_SHARED | MAP_POPULATE, ring, IORING_OFF_SQES);
	if (queue == MAP_FAILED || entries == MAP_FAILED)
		return errno;
	unsigned *tail = (unsigned *)(queue + parameters.sq_off.tail), *array = (unsigned *)(queue + parameters.sq_off.array);
	for (unsigned i = 0; i < 23; i++) {
		memset(&entries[i], 0, sizeof(entries[i]));
		entries[i].opcode = IORING_OP_NOP;
		array[i] = i;
	}
	atomic_store((_Atomic unsigned *)tail, *tail + 23);
	if (syscall(SYS_io_uring_enter, ring, 23, 23, IORING_ENTER_GETEVENTS, NULL, 0) != 23)
		return errno ? errno : 1;
	return 0;
}
