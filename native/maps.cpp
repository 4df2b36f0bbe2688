// Maps that several loaded objects share by name, and the pairs that are drained by
// switching: programs count into one while the other is read and emptied.

static std::map<std::string, int> shared_maps;

static int shared_map(const std::string &name)
{
	auto found = shared_maps.find(name);
	return found == shared_maps.end() ? -ENOENT : found->second;
}

// Gives an object that is about to be loaded the maps that an earlier one made.
static void reuse_shared_maps(struct bpf_object *object)
{
	struct bpf_map *map;

	bpf_object__for_each_map(map, object)
	{
		int fd = shared_map(bpf_map__name(map));

		if (fd >= 0 && !bpf_map__is_internal(map))
			bpf_map__reuse_fd(map, fd);
	}
}

// Keeps the maps of a loaded object for those that follow (as descriptors of our own).
static void share_maps(struct bpf_object *object)
{
	struct bpf_map *map;

	bpf_object__for_each_map(map, object)
	{
		std::string name = bpf_map__name(map);

		if (bpf_map__is_internal(map) || bpf_map__fd(map) < 0 || shared_map(name) >= 0)
			continue;
		shared_maps[name] = fcntl(bpf_map__fd(map), F_DUPFD_CLOEXEC, 3);
	}
}

static void close_shared_maps()
{
	for (auto &entry : shared_maps)
		close(entry.second);
	shared_maps.clear();
}

// Which of `NAME_a` (0) and `NAME_b` (1) programs count into.
static std::map<std::string, int> active_of_pair;

// Reads and empties a hash map that no program writes to. Appends key, value, key, value …
static int read_and_empty(int fd, size_t key_bytes, size_t value_bytes, std::vector<uint8_t> &out)
{
	uint32_t batch = 4096;
	std::vector<uint8_t> keys, values;
	uint64_t position = 0, next = 0;
	bool first = true;

	for (;;) {
		uint32_t count = batch;
		int error;

		keys.resize(batch * key_bytes);
		values.resize(batch * value_bytes);
		error = bpf_map_lookup_and_delete_batch(fd, first ? nullptr : &position, &next, keys.data(),
							values.data(), &count, nullptr);
		if (error < 0)
			error = -errno;
		if (error == -ENOSPC && batch < (1u << 20)) {
			// One hash bucket holds more than the batch: ask again with more room.
			batch *= 4;
			continue;
		}
		if (error && error != -ENOENT)
			return error;
		for (uint32_t i = 0; i < count; i++) {
			out.insert(out.end(), keys.begin() + i * key_bytes, keys.begin() + (i + 1) * key_bytes);
			out.insert(out.end(), values.begin() + i * value_bytes, values.begin() + (i + 1) * value_bytes);
		}
		if (error == -ENOENT)
			return 0;
		position = next;
		first = false;
	}
}

// Switches a pair and returns what the retired map held. Updating a map of maps waits for
// a grace period (maybe_wait_bpf_programs, kernel/bpf/syscall.c), so when it returns no
// program can still be counting into the retired one.
static int drain_pair(const std::string &name, size_t key_bytes, size_t value_bytes, std::vector<uint8_t> &out)
{
	int outer = shared_map(name), inner[2] = {shared_map(name + "_a"), shared_map(name + "_b")};
	int &active = active_of_pair[name];
	uint32_t slot = 0;

	if (outer < 0 || inner[0] < 0 || inner[1] < 0)
		return -ENOENT;
	if (bpf_map_update_elem(outer, &slot, &inner[1 - active], BPF_ANY))
		return -errno;
	active = 1 - active;
	return read_and_empty(inner[1 - active], key_bytes, value_bytes, out);
}

// Sums a per-CPU array of counters.
static int read_per_cpu(const std::string &name, uint32_t entries, std::vector<uint64_t> &totals)
{
	int fd = shared_map(name), cpus = libbpf_num_possible_cpus();
	std::vector<uint64_t> values(cpus > 0 ? cpus : 1);

	if (fd < 0)
		return -ENOENT;
	totals.assign(entries, 0);
	for (uint32_t i = 0; i < entries; i++) {
		if (bpf_map_lookup_elem(fd, &i, values.data()))
			return -errno;
		for (uint64_t value : values)
			totals[i] += value;
	}
	return 0;
}

static Napi::BigUint64Array to_numbers(Napi::Env env, const std::vector<uint64_t> &numbers)
{
	Napi::BigUint64Array array = Napi::BigUint64Array::New(env, numbers.size());
	for (size_t i = 0; i < numbers.size(); i++)
		array[i] = numbers[i];
	return array;
}
