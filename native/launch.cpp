// Commands in cgroups, always with the uid, gid and groups of the peer that asked, never
// our own. The peer is who the kernel says is at the other end of the socket.

#ifndef SO_PEERPIDFD
#define SO_PEERPIDFD 77
#endif
#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#endif
#ifndef SYS_pidfd_getfd
#define SYS_pidfd_getfd 438
#endif

struct Peer {
	pid_t pid = 0;
	uid_t uid = 0;
	gid_t gid = 0;
	std::vector<gid_t> groups;
};

static Peer read_peer(Napi::Env env, int socket)
{
	Peer peer;
	struct ucred credentials;
	socklen_t size = sizeof(credentials);

	if (getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &credentials, &size))
		fail(env, "the peer's credentials cannot be read", errno);
	peer.pid = credentials.pid;
	peer.uid = credentials.uid;
	peer.gid = credentials.gid;
	peer.groups.resize(1024);
	size = static_cast<socklen_t>(peer.groups.size() * sizeof(gid_t));
	if (getsockopt(socket, SOL_SOCKET, SO_PEERGROUPS, peer.groups.data(), &size))
		fail(env, "the peer's groups cannot be read", errno);
	peer.groups.resize(size / sizeof(gid_t));
	return peer;
}

// readPeer(fd) → {pid, uid, gid, groups}.
static Napi::Value JS_readPeer(const Napi::CallbackInfo &info)
{
	Napi::Env env = info.Env();
	Peer peer = read_peer(env, static_cast<int>(number_argument(info, 0, "fd")));
	Napi::Object result = Napi::Object::New(env);
	Napi::Array groups = Napi::Array::New(env, peer.groups.size());

	for (size_t i = 0; i < peer.groups.size(); i++)
		groups.Set(static_cast<uint32_t>(i), static_cast<double>(peer.groups[i]));
	result.Set("pid", peer.pid);
	result.Set("uid", static_cast<double>(peer.uid));
	result.Set("gid", static_cast<double>(peer.gid));
	result.Set("groups", groups);
	return result;
}

// The peer as a pidfd: by the socket itself where the kernel can (6.5), so that a
// recycled pid is never taken for it.
static int peer_pidfd(int socket, pid_t pid)
{
	int fd = -1;
	socklen_t size = sizeof(fd);

	if (getsockopt(socket, SOL_SOCKET, SO_PEERPIDFD, &fd, &size) == 0)
		return fd;
	return static_cast<int>(syscall(SYS_pidfd_open, pid, 0));
}

class Wait : public Napi::AsyncWorker {
public:
	Wait(Napi::Env env, pid_t pid) : Napi::AsyncWorker(env), deferred_(Napi::Promise::Deferred::New(env)), pid_(pid) {}
	Napi::Promise promise() const { return deferred_.Promise(); }

	void Execute() override
	{
		while (waitpid(pid_, &status_, 0) < 0 && errno == EINTR)
			;
	}

	void OnOK() override
	{
		Napi::Object result = Napi::Object::New(Env());
		result.Set("code", WIFEXITED(status_) ? WEXITSTATUS(status_) : -1);
		result.Set("signal", WIFSIGNALED(status_) ? WTERMSIG(status_) : 0);
		deferred_.Resolve(result);
	}

private:
	Napi::Promise::Deferred deferred_;
	pid_t pid_;
	int status_ = 0;
};

static std::vector<std::string> texts(const Napi::CallbackInfo &info, size_t index)
{
	Napi::Array array = info[index].As<Napi::Array>();
	std::vector<std::string> result;

	for (uint32_t i = 0; i < array.Length(); i++)
		result.push_back(array.Get(i).As<Napi::String>().Utf8Value());
	return result;
}

static std::vector<char *> pointers(std::vector<std::string> &strings)
{
	std::vector<char *> result;

	for (std::string &text : strings)
		result.push_back(text.data());
	result.push_back(nullptr);
	return result;
}

// Finds a command as execvp would, but with the peer's PATH.
static std::string find_command(const std::string &name, const std::vector<std::string> &environment)
{
	std::string path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

	if (name.find('/') != std::string::npos)
		return name;
	for (const std::string &entry : environment)
		if (entry.compare(0, 5, "PATH=") == 0)
			path = entry.substr(5);
	size_t start = 0;
	while (start <= path.size()) {
		size_t end = path.find(':', start);
		if (end == std::string::npos)
			end = path.size();
		std::string folder = path.substr(start, end - start);
		std::string candidate = (folder.empty() ? std::string(".") : folder) + "/" + name;
		struct stat status;
		if (stat(candidate.c_str(), &status) == 0 && S_ISREG(status.st_mode) && (status.st_mode & 0111))
			return candidate;
		start = end + 1;
	}
	return name;
}

// Exit code of a child that could not begin, by step; shells use 126 and 127 alike.
enum { LAUNCH_CGROUP = 120, LAUNCH_IDENTITY = 121, LAUNCH_FOLDER = 122, LAUNCH_DENIED = 126, LAUNCH_MISSING = 127 };

// launch(socketFd, cgroupPath, argv, environment, folder) → {pid, done: Promise<{code, signal}>}.
static Napi::Value JS_launch(const Napi::CallbackInfo &info)
{
	Napi::Env env = info.Env();
	int socket = static_cast<int>(number_argument(info, 0, "fd"));
	std::string procs = text_argument(info, 1, "cgroupPath") + "/cgroup.procs";
	std::vector<std::string> argv = texts(info, 2), environment = texts(info, 3);
	std::string folder = text_argument(info, 4, "folder");
	Peer peer = read_peer(env, socket);
	Descriptor pidfd(peer_pidfd(socket, peer.pid));
	Descriptor join(open(procs.c_str(), O_WRONLY | O_CLOEXEC));

	if (argv.empty())
		misuse(env, "a command is needed");
	if (pidfd.get() < 0)
		fail(env, "the peer has gone", errno);
	if (join.get() < 0)
		fail(env, procs + " cannot be opened", errno);
	// The peer's own standard streams, whatever they are: files, pipes, sockets, terminals.
	Descriptor in(static_cast<int>(syscall(SYS_pidfd_getfd, pidfd.get(), 0, 0)));
	Descriptor out(static_cast<int>(syscall(SYS_pidfd_getfd, pidfd.get(), 1, 0)));
	Descriptor err(static_cast<int>(syscall(SYS_pidfd_getfd, pidfd.get(), 2, 0)));
	if (in.get() < 0 || out.get() < 0 || err.get() < 0)
		fail(env, "the peer's standard streams cannot be taken over", errno);

	std::string command = find_command(argv[0], environment);
	std::vector<char *> arguments = pointers(argv), variables = pointers(environment);
	pid_t child = fork();
	if (child < 0)
		fail(env, "the command cannot be started", errno);
	if (child == 0) {
		// Only async-signal-safe calls from here on.
		sigset_t none;
		sigemptyset(&none);
		sigprocmask(SIG_SETMASK, &none, nullptr);
		for (int number = 1; number < 32; number++)
			signal(number, SIG_DFL);
		if (write(join.get(), "0", 1) != 1)
			_exit(LAUNCH_CGROUP);
		if (dup2(in.get(), 0) < 0 || dup2(out.get(), 1) < 0 || dup2(err.get(), 2) < 0)
			_exit(LAUNCH_IDENTITY);
		if (syscall(SYS_setgroups, peer.groups.size(), peer.groups.data()) ||
		    syscall(SYS_setresgid, peer.gid, peer.gid, peer.gid) ||
		    syscall(SYS_setresuid, peer.uid, peer.uid, peer.uid))
			_exit(LAUNCH_IDENTITY);
		if (chdir(folder.c_str()))
			_exit(LAUNCH_FOLDER);
		// Nothing of the sensor's (its maps, its links) may leak into the command.
		syscall(SYS_close_range, 3, ~0U, 0);
		execve(command.c_str(), arguments.data(), variables.data());
		_exit(errno == ENOENT || errno == ENOTDIR ? LAUNCH_MISSING : LAUNCH_DENIED);
	}
	Wait *wait = new Wait(env, child);
	Napi::Object result = Napi::Object::New(env);
	result.Set("pid", child);
	result.Set("done", wait->promise());
	wait->Queue();
	return result;
}

// sendSignal(pid, signal): to a command that we launched and have not waited for yet.
static Napi::Value JS_sendSignal(const Napi::CallbackInfo &info)
{
	pid_t pid = static_cast<pid_t>(number_argument(info, 0, "pid"));
	int number = static_cast<int>(number_argument(info, 1, "signal"));

	if (pid <= 1)
		misuse(info.Env(), "pid must be that of a launched command");
	return Napi::Boolean::New(info.Env(), kill(pid, number) == 0);
}

// dieWithParent(): a sensor without the process that started it has nobody to serve.
static Napi::Value JS_dieWithParent(const Napi::CallbackInfo &info)
{
	if (prctl(PR_SET_PDEATHSIG, SIGTERM))
		fail(info.Env(), "the parent-death signal cannot be set", errno);
	return info.Env().Undefined();
}
