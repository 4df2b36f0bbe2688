/*
 * One operation, many times, on one CPU: prints nanoseconds per operation.
 *
 *   collector-loop open|exec|connect COUNT CPU [PER_SECOND]
 *
 * With PER_SECOND it paces itself (in bursts of a hundredth of a second, spinning in between)
 * and prints the wall time of the whole run instead of the cost of one.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static struct sockaddr_in address;
static int listener;

static void fail(const char *what)
{
	perror(what);
	exit(1);
}

static void do_open(void)
{
	int fd = open("/etc/hostname", O_RDONLY);

	if (fd < 0)
		fail("open");
	close(fd);
}

static void do_exec(void)
{
	char *argv[] = {"/usr/bin/true", NULL}, *environment[] = {NULL};
	int status;
	pid_t child = vfork();

	if (child < 0)
		fail("vfork");
	if (child == 0) {
		execve(argv[0], argv, environment);
		_exit(127);
	}
	waitpid(child, &status, 0);
	if (status)
		fail("exec");
}

static void do_connect(void)
{
	struct linger at_once = {1, 0};
	int fd = socket(AF_INET, SOCK_STREAM, 0), peer;

	if (connect(fd, (struct sockaddr *)&address, sizeof(address)))
		fail("connect");
	peer = accept(listener, NULL, NULL);
	/* No TIME_WAIT: a long loop would run out of ports. */
	setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
	close(fd);
	close(peer);
}

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * 1e9 + time.tv_nsec;
}

int main(int argc, char **argv)
{
	void (*operation)(void) = !strcmp(argv[1], "open") ? do_open : !strcmp(argv[1], "exec") ? do_exec : do_connect;
	long count = atol(argv[2]), rate = argc > 4 ? atol(argv[4]) : 0;
	socklen_t size = sizeof(address);
	cpu_set_t cpus;
	double start;

	CPU_ZERO(&cpus);
	CPU_SET(atoi(argv[3]), &cpus);
	sched_setaffinity(0, sizeof(cpus), &cpus);
	address.sin_family = AF_INET;
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	listener = socket(AF_INET, SOCK_STREAM, 0);
	if (bind(listener, (struct sockaddr *)&address, sizeof(address)) || listen(listener, 64) ||
	    getsockname(listener, (struct sockaddr *)&address, &size))
		fail("listen");
	for (int i = 0; i < 20; i++)
		operation();
	start = now();
	for (long i = 0; i < count; i++) {
		operation();
		/* Spinning: the CPU is as busy as at full speed, so that only the number of events differs. */
		while (rate && (i + 1) % (rate / 100) == 0 && now() < start + (i + 1) * 1e9 / rate)
			;
	}
	printf("%.1f\n", rate ? now() - start : (now() - start) / count);
	return 0;
}
