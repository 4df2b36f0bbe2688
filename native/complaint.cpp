// What libbpf and the kernel's verifier say when they refuse something, as one line for people.

struct Complaint {
	// The program that it is about; '' when it is about none.
	std::string program;
	std::string reason;
};

// Links are left by several threads at once, and each may have something to say.
static thread_local Complaint complaint;

static void forget_complaint()
{
	complaint = {};
}

// The program in "prog 'handle_exec': failed to load: -13"; ''.
static std::string program_in(const std::string &message)
{
	static const std::string before = "prog '";
	size_t from = message.find(before);

	if (from == std::string::npos)
		return "";
	from += before.size();
	size_t to = message.find('\'', from);
	return to == std::string::npos ? "" : message.substr(from, to - from);
}

// The verifier's last words: the line before its statistics; '' when the message is no log of it.
static std::string verdict_in(const std::string &message)
{
	static const std::string after = "\nprocessed ";
	size_t to = message.rfind(after);

	if (message.find("-- BEGIN PROG LOAD LOG --") == std::string::npos || to == std::string::npos)
		return "";
	size_t from = message.rfind('\n', to - 1);
	return from == std::string::npos ? "" : message.substr(from + 1, to - from - 1);
}

// Its first line, without who says it about whom.
static std::string one_line(const std::string &message)
{
	size_t from = 0;

	for (const std::string &start : {std::string("libbpf: "), "prog '" + program_in(message) + "': "})
		if (message.compare(from, start.size(), start) == 0)
			from += start.size();
	return message.substr(from, message.find('\n', from) - from).substr(0, 400);
}

// For libbpf_set_print. Of all that is said about one program the first line says most ("failed
// to find kernel BTF type ID of 'cap_capable'", where the last says "failed to load object"),
// unless the verifier gives its own reason.
static int keep_complaint(enum libbpf_print_level level, const char *format, va_list arguments)
{
	va_list again;

	if (level != LIBBPF_WARN)
		return 0;
	va_copy(again, arguments);
	int length = vsnprintf(nullptr, 0, format, again);
	va_end(again);
	if (length <= 0)
		return 0;
	std::string message(static_cast<size_t>(length), '\0');
	vsnprintf(&message[0], message.size() + 1, format, arguments);

	std::string program = program_in(message), verdict = verdict_in(message);
	bool another = !program.empty() && program != complaint.program;
	if (another)
		complaint.program = program;
	if (another || complaint.reason.empty())
		complaint.reason = one_line(message);
	if (!verdict.empty())
		complaint.reason = one_line(verdict);
	return 0;
}
