// Loading and draining the observing programs. What this kernel cannot load or attach
// switches off that program alone; feature detection is by loading, never by reading a
// configuration, because kernels exist that list a feature and refuse it.

namespace layout {
#include "../bpf/event.h"
}

static std::vector<struct bpf_object *> loaded_objects;
static std::vector<struct bpf_link *> links;
static struct ring_buffer *ring = nullptr;
static std::vector<uint8_t> ring_bytes;

struct ProgramState {
	std::string object, program, section, error;
	bool loaded = false, attached = false;
	int number = 0;
};

static void size_maps(struct bpf_object *object, uint32_t counter_entries)
{
	struct bpf_map *map;

	bpf_object__for_each_map(map, object)
	{
		std::string name = bpf_map__name(map);

		if (!counter_entries)
			continue;
		if (name == "counters_a" || name == "counters_b")
			bpf_map__set_max_entries(map, counter_entries);
		// The template inside `counters` keeps its size: an inner hash map may have another
		// (bpf_map_meta_equal, since 5.10), and libbpf 1.1 cannot resize a template.
	}
}

// Opens an object with all programs but those that were refused; null when it cannot be opened.
static struct bpf_object *open_object(const std::string &path, uint32_t counter_entries,
				      const std::map<std::string, ProgramState> &refused)
{
	struct bpf_object *object = bpf_object__open_file(path.c_str(), nullptr);
	struct bpf_program *program;

	if (!object)
		return nullptr;
	bpf_object__for_each_program(program, object)
	{
		if (refused.count(bpf_program__name(program)))
			bpf_program__set_autoload(program, false);
	}
	size_maps(object, counter_entries);
	reuse_shared_maps(object);
	return object;
}

static void attach_program(struct bpf_program *program, int cgroup_root, ProgramState &state)
{
	bool of_cgroup = state.section.compare(0, 7, "cgroup/") == 0;
	struct bpf_link *link;

	// Iterators run when they are asked to, and what holds a cgroup is attached to that one.
	if (state.section.compare(0, 5, "iter/") == 0) {
		state.attached = true;
		return;
	}
	if (of_cgroup && cgroup_root < 0) {
		state.error = "no cgroup v2 hierarchy is mounted";
		state.number = ENOENT;
		return;
	}
	link = of_cgroup ? bpf_program__attach_cgroup(program, cgroup_root) : bpf_program__attach(program);
	if (!link) {
		state.number = errno;
		state.error = complaint.reason.empty() ? std::strerror(state.number) : complaint.reason;
		return;
	}
	links.push_back(link);
	state.attached = true;
}

// libbpf refuses a whole object with one of its programs: it says which one, that one is left
// out, and the others are tried again.
static void load_object(const std::string &path, const std::string &name, uint32_t counter_entries, int cgroup_root,
			bool attach, std::vector<ProgramState> &states)
{
	std::map<std::string, ProgramState> refused;
	struct bpf_object *object;
	struct bpf_program *program;
	ProgramState whole = {name, "*", ""};
	bool any_loaded = false;

	for (;;) {
		forget_complaint();
		object = open_object(path, counter_entries, refused);
		if (!object) {
			whole.number = errno;
			whole.error = complaint.reason;
			states.push_back(whole);
			return;
		}
		int error = bpf_object__load(object);
		if (!error)
			break;
		ProgramState state;
		state.number = -error;
		state.error = complaint.reason.empty() ? std::strerror(-error) : complaint.reason;
		program = bpf_object__find_program_by_name(object, complaint.program.c_str());
		if (program && !refused.count(complaint.program)) {
			refused[complaint.program] = state;
			bpf_object__close(object);
			continue;
		}
		// It is not about one program: a map, or the kernel's BTF. None of them can be had.
		bpf_object__for_each_program(program, object)
			refused.emplace(bpf_program__name(program), state);
		break;
	}
	bpf_object__for_each_program(program, object)
	{
		std::string program_name = bpf_program__name(program);
		auto found = refused.find(program_name);
		ProgramState state = found == refused.end() ? ProgramState{} : found->second;

		state.object = name;
		state.program = program_name;
		state.section = bpf_program__section_name(program);
		state.loaded = found == refused.end();
		any_loaded = any_loaded || state.loaded;
		forget_complaint();
		if (state.loaded && attach)
			attach_program(program, cgroup_root, state);
		states.push_back(state);
	}
	if (!any_loaded) {
		bpf_object__close(object);
		return;
	}
	share_maps(object);
	loaded_objects.push_back(object);
}

// Ring callback: keeps the fixed part and only as much text as is in use.
static int keep_record(void *, void *data, size_t size)
{
	const auto *record = static_cast<const layout::first_sight *>(data);
	size_t fixed = offsetof(layout::first_sight, text);
	size_t length = record->length > layout::TEXT_BYTES ? static_cast<size_t>(layout::TEXT_BYTES) : record->length;
	uint32_t whole;

	if (size < fixed)
		return 0;
	// Each kept record is a multiple of eight bytes, so that readers can use 64-bit views.
	whole = (8 + fixed + length + 7) & ~7u;
	size_t at = ring_bytes.size();
	ring_bytes.resize(at + whole, 0);
	std::memcpy(ring_bytes.data() + at, &whole, sizeof(whole));
	std::memcpy(ring_bytes.data() + at + 8, data, fixed + length);
	return 0;
}

// loadPrograms(folder, names, cgroupRoot, counterEntries) → [{object, program, section, loaded, attached, errno, error}]
static Napi::Value JS_loadPrograms(const Napi::CallbackInfo &info)
{
	Napi::Env env = info.Env();
	std::string folder = text_argument(info, 0, "folder");
	Napi::Array names = info[1].As<Napi::Array>();
	std::string cgroup_root = text_argument(info, 2, "cgroupRoot");
	uint32_t counter_entries = static_cast<uint32_t>(number_argument(info, 3, "counterEntries"));
	Descriptor root(cgroup_root.empty() ? -1 : open(cgroup_root.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
	std::vector<ProgramState> states;

	libbpf_set_print(keep_complaint);
	libbpf_set_strict_mode(LIBBPF_STRICT_ALL);
	for (uint32_t i = 0; i < names.Length(); i++) {
		std::string name = names.Get(i).As<Napi::String>().Utf8Value();
		// What holds a cgroup is attached when there is one to hold.
		load_object(folder + "/" + name + ".bpf.o", name, counter_entries, root.get(), name != "enforce", states);
		// From the first object on, loading the others is seen: it is Whittle's doing, not a workload's.
		uint32_t pid = static_cast<uint32_t>(getpid()), one = 1;
		if (shared_map("self_processes") >= 0)
			bpf_map_update_elem(shared_map("self_processes"), &pid, &one, BPF_ANY);
	}
	if (!ring && shared_map("first_sights") >= 0)
		ring = ring_buffer__new(shared_map("first_sights"), keep_record, nullptr, nullptr);

	Napi::Array result = Napi::Array::New(env, states.size());
	for (size_t i = 0; i < states.size(); i++) {
		Napi::Object state = Napi::Object::New(env);
		state.Set("object", states[i].object);
		state.Set("program", states[i].program);
		state.Set("section", states[i].section);
		state.Set("loaded", states[i].loaded);
		state.Set("attached", states[i].attached);
		state.Set("errno", states[i].number);
		state.Set("error", states[i].error);
		result.Set(static_cast<uint32_t>(i), state);
	}
	return result;
}

// snapshotTasks(): walks every task once, so that those that ran before us have a unit.
static Napi::Value JS_snapshotTasks(const Napi::CallbackInfo &info)
{
	Napi::Env env = info.Env();

	for (struct bpf_object *object : loaded_objects) {
		struct bpf_program *program = bpf_object__find_program_by_name(object, "snapshot_tasks");

		if (!program || bpf_program__fd(program) < 0)
			continue;
		struct bpf_link *link = bpf_program__attach_iter(program, nullptr);
		if (!link)
			fail(env, "the task iterator cannot be attached", errno);
		Descriptor iterator(bpf_iter_create(bpf_link__fd(link)));
		char sink[256];
		ssize_t got = iterator.get() < 0 ? -1 : 0;
		while (iterator.get() >= 0 && (got = read(iterator.get(), sink, sizeof(sink))) > 0)
			;
		int number = errno;
		bpf_link__destroy(link);
		if (got < 0)
			fail(env, "the task iterator cannot be read", number);
		return Napi::Boolean::New(env, true);
	}
	return Napi::Boolean::New(env, false);
}

static uint64_t big(const Napi::Object &object, const char *name)
{
	bool lossless = true;
	Napi::Value value = object.Get(name);

	if (!value.IsBigInt())
		misuse(object.Env(), std::string(name) + " must be a bigint");
	return value.As<Napi::BigInt>().Uint64Value(&lossless);
}

static uint32_t small(const Napi::Object &object, const char *name)
{
	Napi::Value value = object.Get(name);

	if (!value.IsNumber())
		misuse(object.Env(), std::string(name) + " must be a number");
	return value.As<Napi::Number>().Uint32Value();
}

// configure({seed, rootCgroup2, selfCgroup2, selfScriptA, …}) writes the one configuration entry.
static Napi::Value JS_configure(const Napi::CallbackInfo &info)
{
	Napi::Env env = info.Env();
	Napi::Object from = info[0].As<Napi::Object>();
	layout::configuration to = {};
	uint32_t zero = 0;

	to.seed = big(from, "seed");
	to.root_cgroup2 = big(from, "rootCgroup2");
	to.self_cgroup2 = big(from, "selfCgroup2");
	to.self_script[0] = big(from, "selfScriptA");
	to.self_script[1] = big(from, "selfScriptB");
	to.hierarchies[0] = small(from, "hierarchySystemd");
	to.hierarchies[1] = small(from, "hierarchyMemory");
	to.hierarchies[2] = small(from, "hierarchyPids");
	to.directory_budget = small(from, "directoryBudget");
	to.peer_budget = small(from, "peerBudget");
	to.epoch = 1;
	if (bpf_map_update_elem(shared_map("configuration"), &zero, &to, BPF_ANY))
		fail(env, "the configuration map cannot be written", errno);
	return env.Undefined();
}

// bumpEpoch(): from here on each task tells its capabilities again.
static Napi::Value JS_bumpEpoch(const Napi::CallbackInfo &info)
{
	layout::configuration now = {};
	uint32_t zero = 0;

	if (bpf_map_lookup_elem(shared_map("configuration"), &zero, &now))
		fail(info.Env(), "the configuration map cannot be read", errno);
	now.epoch++;
	if (bpf_map_update_elem(shared_map("configuration"), &zero, &now, BPF_ANY))
		fail(info.Env(), "the configuration map cannot be written", errno);
	return info.Env().Undefined();
}

// addLaunchers([[name, kind]]): kind 1 always, 2 only with a terminal.
static Napi::Value JS_addLaunchers(const Napi::CallbackInfo &info)
{
	Napi::Env env = info.Env();
	Napi::Array list = info[0].As<Napi::Array>();

	for (uint32_t i = 0; i < list.Length(); i++) {
		Napi::Array pair = list.Get(i).As<Napi::Array>();
		std::string name = pair.Get(0u).As<Napi::String>().Utf8Value();
		uint32_t kind = pair.Get(1u).As<Napi::Number>().Uint32Value();
		char key[16] = {};

		std::strncpy(key, name.c_str(), sizeof(key) - 1);
		if (bpf_map_update_elem(shared_map("launchers"), key, &kind, BPF_ANY))
			fail(env, "the launcher " + name + " cannot be added", errno);
	}
	return env.Undefined();
}

// addSelf(pid): a thread group that is Whittle itself; read by snapshotTasks.
static Napi::Value JS_addSelf(const Napi::CallbackInfo &info)
{
	uint32_t pid = static_cast<uint32_t>(number_argument(info, 0, "pid")), one = 1;

	if (bpf_map_update_elem(shared_map("self_processes"), &pid, &one, BPF_ANY))
		fail(info.Env(), "the process cannot be marked as Whittle", errno);
	return info.Env().Undefined();
}

static uint64_t mix(uint64_t hash, uint64_t value)
{
	hash ^= value;
	hash *= 0x9E3779B97F4A7C15ULL;
	hash ^= hash >> 29;
	hash *= 0xBF58476D1CE4E5B9ULL;
	return hash ^ (hash >> 32);
}

// hashText(text, seed) → bigint: what text_hash of bpf/user_path.h makes of it.
static Napi::Value JS_hashText(const Napi::CallbackInfo &info)
{
	std::string text = text_argument(info, 0, "text");
	bool lossless = true;
	uint64_t hash = info[1].As<Napi::BigInt>().Uint64Value(&lossless);

	for (size_t i = 0; i < 16; i++) {
		uint64_t words[8] = {};
		size_t start = i * 63, left = start < text.size() ? text.size() - start : 0;
		size_t take = left > 63 ? 63 : left;

		if (take == 0)
			break;
		std::memcpy(words, text.data() + start, take);
		for (uint64_t word : words)
			hash = mix(hash, word);
		if (take < 63)
			break;
	}
	return Napi::BigInt::New(info.Env(), hash);
}

// drainCounters() → ArrayBuffer of (counter_key, counter_value) pairs.
static Napi::Value JS_drainCounters(const Napi::CallbackInfo &info)
{
	std::vector<uint8_t> out;
	int error = drain_pair("counters", sizeof(layout::counter_key), sizeof(layout::counter_value), out);

	if (error)
		fail(info.Env(), "the counters cannot be drained", error);
	return to_array_buffer(info.Env(), out);
}

// drainOthers() → ArrayBuffer of (other_key, u64) pairs.
static Napi::Value JS_drainOthers(const Napi::CallbackInfo &info)
{
	std::vector<uint8_t> out;
	int error = drain_pair("others", sizeof(layout::other_key), sizeof(uint64_t), out);

	if (error)
		fail(info.Env(), "the totals cannot be drained", error);
	return to_array_buffer(info.Env(), out);
}

// readFirstSights() → ArrayBuffer of records, each behind its length in eight bytes.
static Napi::Value JS_readFirstSights(const Napi::CallbackInfo &info)
{
	ring_bytes.clear();
	if (ring) {
		int error = ring_buffer__consume(ring);
		if (error < 0)
			fail(info.Env(), "the ring of first sights cannot be read", error);
	}
	return to_array_buffer(info.Env(), ring_bytes);
}

static Napi::Value JS_readLosses(const Napi::CallbackInfo &info)
{
	std::vector<uint64_t> totals;
	int error = read_per_cpu("losses", layout::LOSS_KINDS, totals);

	if (error)
		fail(info.Env(), "the loss ledger cannot be read", error);
	return to_numbers(info.Env(), totals);
}

static Napi::Value JS_readRemainders(const Napi::CallbackInfo &info)
{
	std::vector<uint64_t> totals;
	int error = read_per_cpu("remainders", 384, totals);

	if (error)
		fail(info.Env(), "the remainders cannot be read", error);
	return to_numbers(info.Env(), totals);
}

// rotateSeen(): starts a new generation of described objects; what is in use is carried
// over by the programs, what is not is forgotten and described again if it comes back.
static Napi::Value JS_rotateSeen(const Napi::CallbackInfo &info)
{
	Napi::Env env = info.Env();
	int outer = shared_map("seen"), inner[2] = {shared_map("seen_a"), shared_map("seen_b")};
	static int current = 0;
	uint32_t now = 0, before = 1;
	std::vector<uint8_t> forgotten;
	int error;

	if (outer < 0 || inner[0] < 0 || inner[1] < 0)
		fail(env, "the map of described objects is missing", ENOENT);
	error = read_and_empty(inner[1 - current], sizeof(uint64_t), sizeof(uint8_t), forgotten);
	if (error)
		fail(env, "the last generation of described objects cannot be emptied", error);
	if (bpf_map_update_elem(outer, &now, &inner[1 - current], BPF_ANY) ||
	    bpf_map_update_elem(outer, &before, &inner[current], BPF_ANY))
		fail(env, "the generations of described objects cannot be switched", errno);
	current = 1 - current;
	// Budgets count what a generation described.
	forgotten.clear();
	error = read_and_empty(shared_map("budgets"), sizeof(uint64_t), sizeof(uint64_t), forgotten);
	if (error)
		fail(env, "the budgets cannot be emptied", error);
	return env.Undefined();
}

static uv_poll_t ring_poll;
static Napi::FunctionReference ring_callback;
static bool ring_polled = false;

static void on_ring_readable(uv_poll_t *, int, int)
{
	Napi::Env env = ring_callback.Env();
	Napi::HandleScope scope(env);

	ring_callback.MakeCallback(env.Global(), {});
}

// onRingPressure(callback): called when a producer found more than a quarter of the ring in use.
static Napi::Value JS_onRingPressure(const Napi::CallbackInfo &info)
{
	Napi::Env env = info.Env();
	uv_loop_t *loop = nullptr;

	if (!ring || ring_polled)
		return env.Undefined();
	ring_callback = Napi::Persistent(info[0].As<Napi::Function>());
	napi_get_uv_event_loop(env, &loop);
	if (uv_poll_init(loop, &ring_poll, ring_buffer__epoll_fd(ring)))
		fail(env, "the ring cannot be watched", EIO);
	uv_poll_start(&ring_poll, UV_READABLE, on_ring_readable);
	uv_unref(reinterpret_cast<uv_handle_t *>(&ring_poll));
	ring_polled = true;
	return env.Undefined();
}

// readClocks() → {bootNs, wallMs}, read one directly after the other.
static Napi::Value JS_readClocks(const Napi::CallbackInfo &info)
{
	struct timespec boot, wall;
	Napi::Object result = Napi::Object::New(info.Env());

	clock_gettime(CLOCK_BOOTTIME, &boot);
	clock_gettime(CLOCK_REALTIME, &wall);
	uint64_t boot_ns = static_cast<uint64_t>(boot.tv_sec) * 1000000000 + static_cast<uint64_t>(boot.tv_nsec);
	result.Set("bootNs", Napi::BigInt::New(info.Env(), boot_ns));
	result.Set("wallMs", Napi::Number::New(info.Env(), static_cast<double>(wall.tv_sec) * 1000.0 + wall.tv_nsec / 1e6));
	return result;
}

// mountBelow(type, folder) → true when it had to be mounted: tracefs, bpffs.
static Napi::Value JS_mountBelow(const Napi::CallbackInfo &info)
{
	std::string type = text_argument(info, 0, "type"), folder = text_argument(info, 1, "folder");
	struct statfs status;
	long wanted = type == "tracefs" ? TRACEFS_MAGIC : type == "bpf" ? BPF_FS_MAGIC : 0;

	if (!wanted)
		misuse(info.Env(), "only tracefs and bpf are mounted by Whittle");
	if (statfs(folder.c_str(), &status) == 0 && status.f_type == wanted)
		return Napi::Boolean::New(info.Env(), false);
	if (mount(type.c_str(), folder.c_str(), type.c_str(), MS_NOSUID | MS_NODEV | MS_NOEXEC, nullptr))
		fail(info.Env(), type + " cannot be mounted on " + folder, errno);
	return Napi::Boolean::New(info.Env(), true);
}

// Each tracepoint waits for grace periods of its own when it is left: 50 ms, and 5 s for all in a row.
// Waiting costs no CPU, so they wait side by side.
static void detach_all()
{
	const size_t workers = 16;
	std::vector<std::thread> threads;

	for (size_t worker = 0; worker < workers; worker++) {
		threads.emplace_back([worker]() {
			for (size_t i = worker; i < links.size(); i += workers)
				bpf_link__destroy(links[i]);
		});
	}
	for (std::thread &thread : threads)
		thread.join();
	links.clear();
}

static Napi::Value JS_closePrograms(const Napi::CallbackInfo &info)
{
	if (ring_polled) {
		uv_poll_stop(&ring_poll);
		ring_polled = false;
	}
	detach_all();
	if (ring)
		ring_buffer__free(ring);
	ring = nullptr;
	for (struct bpf_object *object : loaded_objects)
		bpf_object__close(object);
	loaded_objects.clear();
	close_shared_maps();
	return info.Env().Undefined();
}
