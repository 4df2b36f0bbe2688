/* Ends the virtual machine with a verdict: QEMU's isa-debug-exit ends with twice the number plus one. */
#include <stdlib.h>
#include <sys/io.h>
#include <unistd.h>

int main(int count, char **arguments)
{
	if (count != 2 || ioperm(0xf4, 1, 1))
		return 1;
	sync();
	outb(atoi(arguments[1]), 0xf4);
	return 1;
}
