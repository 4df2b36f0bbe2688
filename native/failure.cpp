// Errors of this addon: one sentence, and the number and name of the system's reason.

[[noreturn]] static void fail(Napi::Env env, const std::string &sentence, int number)
{
	number = number < 0 ? -number : number;
	Napi::Error error = Napi::Error::New(env, sentence + ": " + std::strerror(number));
	error.Value().Set("errno", Napi::Number::New(env, number));
	throw error;
}

[[noreturn]] static void misuse(Napi::Env env, const std::string &sentence)
{
	throw Napi::TypeError::New(env, sentence);
}

static std::string text_argument(const Napi::CallbackInfo &info, size_t index, const char *name)
{
	if (index >= info.Length() || !info[index].IsString())
		misuse(info.Env(), std::string(name) + " must be a string");
	return info[index].As<Napi::String>().Utf8Value();
}

static int64_t number_argument(const Napi::CallbackInfo &info, size_t index, const char *name)
{
	if (index >= info.Length() || !info[index].IsNumber())
		misuse(info.Env(), std::string(name) + " must be a number");
	return info[index].As<Napi::Number>().Int64Value();
}

// A file descriptor that closes itself.
class Descriptor {
public:
	explicit Descriptor(int fd) : fd_(fd) {}
	~Descriptor()
	{
		if (fd_ >= 0)
			close(fd_);
	}
	Descriptor(const Descriptor &) = delete;
	Descriptor &operator=(const Descriptor &) = delete;
	int get() const { return fd_; }

private:
	int fd_;
};

static Napi::ArrayBuffer to_array_buffer(Napi::Env env, const std::vector<uint8_t> &bytes)
{
	Napi::ArrayBuffer buffer = Napi::ArrayBuffer::New(env, bytes.size());
	if (!bytes.empty())
		std::memcpy(buffer.Data(), bytes.data(), bytes.size());
	return buffer;
}
