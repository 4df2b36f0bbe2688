// The table of contents of the addon: a unity build, in reading order. It is loaded by
// one TypeScript file (addon.ts), holds no policy and parses no telemetry: it moves bytes.

#include <napi.h>
#include <uv.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include <arpa/inet.h>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <fcntl.h>
#include <grp.h>
#include <linux/magic.h>
#include <linux/types.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "failure.cpp"
#include "maps.cpp"
#include "complaint.cpp"
#include "sensor.cpp"
#include "enforcer.cpp"
#include "launch.cpp"

static Napi::Object initialize(Napi::Env env, Napi::Object exports)
{
	// sensor.cpp: load, attach and drain the observing programs.
	exports["loadPrograms"] = Napi::Function::New(env, JS_loadPrograms);
	exports["snapshotTasks"] = Napi::Function::New(env, JS_snapshotTasks);
	exports["configure"] = Napi::Function::New(env, JS_configure);
	exports["bumpEpoch"] = Napi::Function::New(env, JS_bumpEpoch);
	exports["addLaunchers"] = Napi::Function::New(env, JS_addLaunchers);
	exports["addSelf"] = Napi::Function::New(env, JS_addSelf);
	exports["hashText"] = Napi::Function::New(env, JS_hashText);
	exports["drainCounters"] = Napi::Function::New(env, JS_drainCounters);
	exports["drainOthers"] = Napi::Function::New(env, JS_drainOthers);
	exports["readFirstSights"] = Napi::Function::New(env, JS_readFirstSights);
	exports["readLosses"] = Napi::Function::New(env, JS_readLosses);
	exports["readRemainders"] = Napi::Function::New(env, JS_readRemainders);
	exports["rotateSeen"] = Napi::Function::New(env, JS_rotateSeen);
	exports["onRingPressure"] = Napi::Function::New(env, JS_onRingPressure);
	exports["readClocks"] = Napi::Function::New(env, JS_readClocks);
	exports["mountBelow"] = Napi::Function::New(env, JS_mountBelow);
	exports["closePrograms"] = Napi::Function::New(env, JS_closePrograms);

	// enforcer.cpp: the network class of one v2 cgroup, held and lifted.
	exports["holdNetwork"] = Napi::Function::New(env, JS_holdNetwork);
	exports["liftNetwork"] = Napi::Function::New(env, JS_liftNetwork);
	exports["drainDenials"] = Napi::Function::New(env, JS_drainDenials);
	exports["readDenialRemainders"] = Napi::Function::New(env, JS_readDenialRemainders);
	exports["tryConnect"] = Napi::Function::New(env, JS_tryConnect);

	// launch.cpp: commands in cgroups, as the peer that asked.
	exports["readPeer"] = Napi::Function::New(env, JS_readPeer);
	exports["launch"] = Napi::Function::New(env, JS_launch);
	exports["sendSignal"] = Napi::Function::New(env, JS_sendSignal);
	exports["dieWithParent"] = Napi::Function::New(env, JS_dieWithParent);
	return exports;
}

NODE_API_MODULE(whittle, initialize)
