/*
 * A program whose operations are known: every kind of open, exec and connect, a given
 * number of rounds, so that a test can count what Whittle counted. Prints its ready line
 * and ends with 0 only if every call did what it should.
 *
 *   operations ROUNDS PORT FOLDER [CPU]
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <netinet/in.h>
#include <sched.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static void check(int ok, const char *what)
{
	if (ok)
		return;
	perror(what);
	exit(1);
}

static void opens(const char *folder)
{
	char path[512];
	struct open_how how = {.flags = O_RDONLY};
	int fd;

	fd = syscall(SYS_open, "/etc/hostname", O_RDONLY);
	check(fd >= 0, "open");
	close(fd);
	fd = openat(AT_FDCWD, "/etc/hosts", O_RDONLY);
	check(fd >= 0, "openat");
	close(fd);
	fd = syscall(SYS_openat2, AT_FDCWD, "/etc/passwd", &how, sizeof(how));
	check(fd >= 0, "openat2");
	close(fd);
	snprintf(path, sizeof(path), "%s/both", folder);
	fd = open(path, O_RDWR);
	check(fd >= 0, "open read-write");
	close(fd);
	snprintf(path, sizeof(path), "%s/append", folder);
	fd = open(path, O_WRONLY | O_APPEND);
	check(fd >= 0, "open append");
	close(fd);
	snprintf(path, sizeof(path), "%s/new-%d", folder, getpid());
	fd = creat(path, 0600);
	check(fd >= 0, "creat");
	close(fd);
	check(unlink(path) == 0, "unlink");
	fd = open(folder, O_RDONLY | O_DIRECTORY);
	check(fd >= 0, "open directory");
	close(fd);
	check(open("/etc/whittle-is-not-here", O_RDONLY) < 0 && errno == ENOENT, "open missing");
}

static void connects(int port, const char *folder)
{
	struct sockaddr_in four = {.sin_family = AF_INET, .sin_port = htons(port)};
	struct sockaddr_in6 six = {.sin6_family = AF_INET6, .sin6_port = htons(port), .sin6_addr = IN6ADDR_LOOPBACK_INIT};
	struct sockaddr_un local = {.sun_family = AF_UNIX};
	int fd;

	four.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	fd = socket(AF_INET, SOCK_DGRAM, 0);
	check(connect(fd, (struct sockaddr *)&four, sizeof(four)) == 0, "connect udp");
	close(fd);
	fd = socket(AF_INET, SOCK_DGRAM, 0);
	check(sendto(fd, "x", 1, 0, (struct sockaddr *)&four, sizeof(four)) == 1, "sendto");
	close(fd);
	fd = socket(AF_INET6, SOCK_DGRAM, 0);
	check(connect(fd, (struct sockaddr *)&six, sizeof(six)) == 0, "connect udp 6");
	close(fd);
	fd = socket(AF_INET, SOCK_STREAM, 0);
	check(connect(fd, (struct sockaddr *)&four, sizeof(four)) == 0, "connect tcp");
	close(fd);
	snprintf(local.sun_path, sizeof(local.sun_path), "%s/socket", folder);
	fd = socket(AF_UNIX, SOCK_STREAM, 0);
	check(connect(fd, (struct sockaddr *)&local, sizeof(local)) == 0, "connect unix");
	close(fd);
}

static void run(const char *program)
{
	char *argv[] = {(char *)program, NULL}, *environment[] = {NULL};
	pid_t child = vfork();
	int status;

	check(child >= 0, "vfork");
	if (child == 0) {
		execve(program, argv, environment);
		_exit(127);
	}
	waitpid(child, &status, 0);
	check(WIFEXITED(status) && WEXITSTATUS(status) == 0, program);
}

int main(int argc, char **argv)
{
	int rounds = atoi(argv[1]), port = atoi(argv[2]);
	cpu_set_t cpus;

	if (argc > 4) {
		CPU_ZERO(&cpus);
		CPU_SET(atoi(argv[4]), &cpus);
		check(sched_setaffinity(0, sizeof(cpus), &cpus) == 0, "sched_setaffinity");
	}
	for (int i = 0; i < rounds; i++) {
		opens(argv[3]);
		connects(port, argv[3]);
		/* Execs are dearer than the rest: one in ten rounds. */
		if (i % 10 == 0)
			run("/usr/bin/true");
	}
	return 0;
}
