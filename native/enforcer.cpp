// The network class of one v2 cgroup. Each held cgroup has its own instance of
// bpf/enforce.bpf.c, attached to it, with the number of its slot; the tables are shared.

namespace layout {
struct held_policy {
	uint32_t generation, mode;
};

struct permission_key {
	uint32_t prefix_bits, generation;
	uint8_t direction, protocol;
	uint16_t port;
	uint8_t address[16];
};

struct denial_key {
	uint32_t slot, generation;
	uint64_t source;
	uint16_t operation;
	uint8_t direction, mode;
	uint16_t protocol, port;
	uint8_t address[16];
};
} // namespace layout

struct Held {
	struct bpf_object *object = nullptr;
	std::vector<struct bpf_link *> links;
	uint32_t generation = 0;
	std::vector<layout::permission_key> permissions;
};

static std::map<uint32_t, Held> held_by_slot;
static std::map<std::string, uint32_t> slot_by_cgroup;
static uint32_t next_generation = 1;

static void remove_permissions(const std::vector<layout::permission_key> &permissions)
{
	for (const layout::permission_key &key : permissions)
		bpf_map_delete_elem(shared_map("permissions"), &key);
}

static void release_held(Held &held)
{
	for (struct bpf_link *link : held.links)
		bpf_link__destroy(link);
	if (held.object)
		bpf_object__close(held.object);
	held.links.clear();
	held.object = nullptr;
}

static uint32_t free_slot()
{
	uint32_t slot = 0;
	while (held_by_slot.count(slot))
		slot++;
	return slot;
}

// Loads an instance with its slot number and attaches all of its programs to the cgroup.
static int attach_instance(const std::string &path, int cgroup, uint32_t slot, Held &held)
{
	struct bpf_program *program;
	struct bpf_map *map;
	int error;

	held.object = bpf_object__open_file(path.c_str(), nullptr);
	if (!held.object)
		return -errno;
	reuse_shared_maps(held.object);
	bpf_object__for_each_map(map, held.object)
	{
		std::string name = bpf_map__name(map);
		size_t size = 0;

		if (name.size() < 7 || name.compare(name.size() - 7, 7, ".rodata") != 0)
			continue;
		void *constants = const_cast<void *>(bpf_map__initial_value(map, &size));
		if (!constants || size < sizeof(slot))
			return -EINVAL;
		std::memcpy(constants, &slot, sizeof(slot));
	}
	error = bpf_object__load(held.object);
	if (error)
		return error;
	bpf_object__for_each_program(program, held.object)
	{
		struct bpf_link *link = bpf_program__attach_cgroup(program, cgroup);

		if (!link)
			return -errno;
		held.links.push_back(link);
	}
	return held.links.empty() ? -ENOENT : 0;
}

static Napi::Object held_as(Napi::Env env, uint32_t slot, uint32_t generation)
{
	Napi::Object result = Napi::Object::New(env);

	result.Set("slot", slot);
	result.Set("generation", generation);
	return result;
}

// holdNetwork(objectPath, cgroupPath, mode, rules) → {slot, generation}. `rules` are 24 bytes each:
// prefix bits of the 128-bit address, direction, protocol, zero, port, zero, address.
static Napi::Value JS_holdNetwork(const Napi::CallbackInfo &info)
{
	Napi::Env env = info.Env();
	std::string object_path = text_argument(info, 0, "objectPath"), path = text_argument(info, 1, "cgroupPath");
	uint32_t mode = static_cast<uint32_t>(number_argument(info, 2, "mode"));
	Napi::Buffer<uint8_t> rules = info[3].As<Napi::Buffer<uint8_t>>();
	Descriptor cgroup(open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
	std::vector<layout::permission_key> permissions;
	uint32_t generation = next_generation++, allowed = 1;
	bool known = slot_by_cgroup.count(path) > 0;
	uint32_t slot = known ? slot_by_cgroup[path] : free_slot();

	if (cgroup.get() < 0)
		fail(env, "the cgroup " + path + " cannot be opened", errno);
	if (rules.Length() % 24 != 0 || slot >= 1024 || mode < 1 || mode > 2)
		misuse(env, "rules must be 24 bytes each, mode 1 or 2, and at most 1024 cgroups are held");

	// Write the permissions of the new generation first: nothing looks at them yet.
	for (size_t at = 0; at < rules.Length(); at += 24) {
		const uint8_t *rule = rules.Data() + at;
		layout::permission_key key = {};

		key.prefix_bits = 64 + rule[0];
		key.generation = generation;
		key.direction = rule[1];
		key.protocol = rule[2];
		std::memcpy(&key.port, rule + 4, sizeof(key.port));
		std::memcpy(key.address, rule + 8, sizeof(key.address));
		if (rule[0] > 128 || bpf_map_update_elem(shared_map("permissions"), &key, &allowed, BPF_ANY)) {
			int number = errno;
			remove_permissions(permissions);
			fail(env, "a permission cannot be written", number);
		}
		permissions.push_back(key);
	}

	layout::held_policy policy = {generation, mode};
	if (bpf_map_update_elem(shared_map("held_policies"), &slot, &policy, BPF_ANY)) {
		int number = errno;
		remove_permissions(permissions);
		fail(env, "the policy cannot be switched on", number);
	}
	if (known) {
		Held &held = held_by_slot[slot];
		remove_permissions(held.permissions);
		held.permissions = permissions;
		held.generation = generation;
		return held_as(env, slot, generation);
	}

	Held held;
	int error = attach_instance(object_path, cgroup.get(), slot, held);
	if (error) {
		layout::held_policy off = {0, 0};
		release_held(held);
		bpf_map_update_elem(shared_map("held_policies"), &slot, &off, BPF_ANY);
		remove_permissions(permissions);
		fail(env, "the programs cannot be attached to " + path, error);
	}
	held.permissions = permissions;
	held.generation = generation;
	held_by_slot[slot] = held;
	slot_by_cgroup[path] = slot;
	return held_as(env, slot, generation);
}

// liftNetwork(cgroupPath) → true when it was held.
static Napi::Value JS_liftNetwork(const Napi::CallbackInfo &info)
{
	std::string path = text_argument(info, 0, "cgroupPath");
	auto found = slot_by_cgroup.find(path);

	if (found == slot_by_cgroup.end())
		return Napi::Boolean::New(info.Env(), false);
	uint32_t slot = found->second;
	layout::held_policy off = {0, 0};
	release_held(held_by_slot[slot]);
	bpf_map_update_elem(shared_map("held_policies"), &slot, &off, BPF_ANY);
	remove_permissions(held_by_slot[slot].permissions);
	held_by_slot.erase(slot);
	slot_by_cgroup.erase(found);
	return Napi::Boolean::New(info.Env(), true);
}

// drainDenials() → ArrayBuffer of (denial_key, counter_value) pairs.
static Napi::Value JS_drainDenials(const Napi::CallbackInfo &info)
{
	std::vector<uint8_t> out;
	int error = drain_pair("denials", sizeof(layout::denial_key), sizeof(layout::counter_value), out);

	if (error)
		fail(info.Env(), "the denials cannot be drained", error);
	return to_array_buffer(info.Env(), out);
}

// readDenialRemainders(slot) → how many denials of that slot had no room for their detail.
static Napi::Value JS_readDenialRemainders(const Napi::CallbackInfo &info)
{
	uint32_t slot = static_cast<uint32_t>(number_argument(info, 0, "slot"));
	uint64_t value = 0;

	if (bpf_map_lookup_elem(shared_map("denial_remainders"), &slot, &value))
		fail(info.Env(), "the denial remainders cannot be read", errno);
	return Napi::Number::New(info.Env(), static_cast<double>(value));
}

// tryConnect(cgroupPath, port) → 0 or the errno with which a process inside the cgroup
// fails to connect to 127.0.0.1:port: the self-test behind the word "enforced".
static Napi::Value JS_tryConnect(const Napi::CallbackInfo &info)
{
	Napi::Env env = info.Env();
	std::string procs = text_argument(info, 0, "cgroupPath") + "/cgroup.procs";
	uint16_t port = static_cast<uint16_t>(number_argument(info, 1, "port"));
	Descriptor join(open(procs.c_str(), O_WRONLY | O_CLOEXEC));
	int status = 0;

	if (join.get() < 0)
		fail(env, procs + " cannot be opened", errno);
	pid_t child = fork();
	if (child < 0)
		fail(env, "the self-test cannot fork", errno);
	if (child == 0) {
		// Only async-signal-safe calls: the parent has other threads.
		struct sockaddr_in address = {};
		if (write(join.get(), "0", 1) != 1)
			_exit(255);
		int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
		address.sin_family = AF_INET;
		address.sin_port = htons(port);
		address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
		if (fd < 0)
			_exit(254);
		_exit(connect(fd, reinterpret_cast<struct sockaddr *>(&address), sizeof(address)) == 0 ? 0 : errno);
	}
	while (waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
	return Napi::Number::New(env, WIFEXITED(status) ? WEXITSTATUS(status) : 253);
}
