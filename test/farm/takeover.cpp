// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

// A host that is cut off from the server or stopped kills its jobs before another host begins them.

#include "farm/host_fixture.hpp"
#include "support/nothing_left.hpp"

#include <isolatte.hpp>
#include <isolatte/nats.hpp>

#include <boost/test/unit_test.hpp>

#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <memory>
#include <stdexcept>
#include <string>
#include <system_error>

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace takeover_test {

using namespace host_fixture;
using isolatte::test::alive;

constexpr std::chrono::milliseconds lease_of_all = 3s;

// Namespaces

void command(const std::string& line) {
  if (std::system((line + " >/dev/null 2>&1").c_str()) != 0)
    throw std::runtime_error{"failed: " + line};
}

[[noreturn]] void fail(const char* what) {
  throw std::system_error{errno, std::generic_category(), what};
}

/// A network of its own, which ends with this. A process is in it until settle() is called.
class network {
 public:
  network() {
    int ready[2] = {-1, -1};
    if (::pipe2(ready, O_CLOEXEC) != 0) fail("pipe2");
    int const parent = ::getpid();
    pid_ = ::fork();
    if (pid_ == 0) {
      ::prctl(PR_SET_PDEATHSIG, SIGKILL);
      char const answer = ::getppid() == parent && ::unshare(CLONE_NEWNET) == 0 ? 'y' : 'n';
      static_cast<void>(!::write(ready[1], &answer, 1));
      for (int fd = 3; fd != 1024; ++fd) ::close(fd);
      for (;;) ::pause();
    }
    char answer = 'n';
    bool const is_made = pid_ != -1 && ::read(ready[0], &answer, 1) == 1 && answer == 'y';
    ::close(ready[0]);
    ::close(ready[1]);
    if (is_made)
      here_ = ::open(("/proc/" + std::to_string(pid_) + "/ns/net").c_str(), O_RDONLY | O_CLOEXEC);
    if (here_ != -1) return;
    settle();
    throw std::runtime_error{"no network"};
  }
  ~network() {
    settle();
    ::close(here_);
  }
  network(const network&) = delete;
  network& operator=(const network&) = delete;

  int pid() const noexcept { return pid_; }
  void run(const std::string& line) const {
    command("nsenter --net=/proc/" + std::to_string(::getpid()) + "/fd/" + std::to_string(here_) +
            " " + line);
  }
  /// This thread and its children are in the network as long as this lives.
  class stay {
   public:
    explicit stay(const network& where)
        : before_{::open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC)} {
      if (before_ == -1 || ::setns(where.here_, CLONE_NEWNET) != 0) fail("setns");
    }
    ~stay() {
      ::setns(before_, CLONE_NEWNET);
      ::close(before_);
    }
    stay(const stay&) = delete;
    stay& operator=(const stay&) = delete;

   private:
    int const before_;
  };

  void settle() noexcept {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGKILL);
    while (::waitpid(pid_, nullptr, 0) == -1 && errno == EINTR) {
    }
    pid_ = -1;
  }

 private:
  int pid_ = -1;
  int here_ = -1;
};

/// A network with the server and the farm, and others that are linked with it.
struct networks {
  network hub;
  network first;
  network second;

  networks() {
    hub.run("ip link set lo up");
    link(first, 1);
    link(second, 2);
    for (auto* const each : {&hub, &first, &second}) each->settle();
  }
  void link(const network& with, int number) const {
    std::string const name = "v" + std::to_string(number);
    std::string const subnet = "10.77." + std::to_string(number) + ".";
    hub.run("ip link add " + name + " type veth peer name eth0 netns " +
            std::to_string(with.pid()));
    hub.run("ip addr add " + subnet + "1/24 dev " + name);
    hub.run("ip link set " + name + " up");
    with.run("ip link set lo up");
    with.run("ip addr add " + subnet + "2/24 dev eth0");
    with.run("ip link set eth0 up");
  }
  void cut(int number) const { hub.run("ip link set v" + std::to_string(number) + " down"); }
  void mend(int number) const { hub.run("ip link set v" + std::to_string(number) + " up"); }
};

boost::test_tools::assertion_result has_networks(boost::unit_test::test_unit_id unit) {
  if (auto const server = has_nats_server(unit); !server) return server;
  try {
    networks const tried;
    return true;
  } catch (const std::exception& error) {
    boost::test_tools::assertion_result none{false};
    none.message() << "networks cannot be made here: " << error.what();
    return none;
  }
}

// Jobs

/// Lasts, unless another worker has begun it before. Then it says whether that one is alive.
int last_or_look(std::string log, int job) {
  auto const before = lines(log);
  note(log, "begun", job);
  if (before.empty()) std::this_thread::sleep_for(1h);
  for (auto const& each : before)
    if (alive(each.worker)) note(log, "overlap", job);
  return job;
}

BOOST_AUTO_TEST_SUITE(takeover, *boost::unit_test::precondition(has_nats_server))

/// Checks that the job went from one host to the other one.
void check_takeover(world& in, const host_process::process& from, const host_process::process& to) {
  in.check_all_returned();
  auto const all = lines(in.log);
  BOOST_TEST_REQUIRE(all.size() == 2U);
  BOOST_TEST(all[0].host == from.pid());
  BOOST_TEST(all[1].host == to.pid());
  BOOST_TEST(in.count("overlap") == 0U);
}

struct world_of_takeovers : world {
  world_of_takeovers() : world{lease_of_all} {}
};

BOOST_FIXTURE_TEST_CASE(of_a_host_that_is_stopped, world_of_takeovers) {
  auto const first = host(1);
  run(call(last_or_look, log, 1));
  until([&] { return count("begun") == 1; });
  int const worker = lines(log).front().worker;
  auto const second = host(1);
  first->signal(SIGSTOP);
  until([&] { return !alive(worker); });
  // The server hands it on when the lease is over.
  until_done();
  check_takeover(*this, *first, *second);
  // The first one has no second outcome to tell when it goes on.
  first->signal(SIGCONT);
  second->signal(SIGTERM);
  until([&] { return second->has_ended(); });
  BOOST_TEST(second->wait() == 0);
  auto const& next = run(call(twice, 4));
  until_done();
  BOOST_TEST(next.what.value() == 8);
  BOOST_TEST(next.what.host().ends_with("/" + std::to_string(first->pid())));
}

/// All that is made stays in the network of the hub.
struct in_hub {
  networks all;
  network::stay here{all.hub};
};

struct world_of_networks : in_hub, world {
  world_of_networks() : world{lease_of_all, "host: 0.0.0.0"} {}

  std::unique_ptr<host_process::process> host_in(const network& where, int number) {
    network::stay const there{where};
    return std::make_unique<host_process::process>(
        host_case, "nats://10.77." + std::to_string(number) + ".1:" + std::to_string(server.port()),
        lease, 1);
  }
};

BOOST_FIXTURE_TEST_CASE(of_a_host_that_is_cut_off, world_of_networks,
                        *boost::unit_test::precondition(has_networks)) {
  auto const first = host_in(all.first, 1);
  run(call(last_or_look, log, 1));
  until([&] { return count("begun") == 1; });
  int const worker = lines(log).front().worker;
  auto const second = host_in(all.second, 2);
  auto const begin = std::chrono::steady_clock::now();
  all.cut(1);
  until([&] { return !alive(worker); });
  auto const dead = std::chrono::steady_clock::now() - begin;
  until_done();
  auto const done = std::chrono::steady_clock::now() - begin;
  check_takeover(*this, *first, *second);
  using std::chrono::milliseconds;
  BOOST_TEST_MESSAGE("dead after " << std::chrono::duration_cast<milliseconds>(dead).count()
                                   << " ms, taken over after "
                                   << std::chrono::duration_cast<milliseconds>(done).count());
  // The other one comes back, holds nothing, and takes jobs.
  second->signal(SIGTERM);
  until([&] { return second->has_ended(); });
  BOOST_TEST(second->wait() == 0);
  all.mend(1);
  auto const& next = run(call(twice, 4));
  until_done();
  BOOST_TEST(next.what.value() == 8);
  BOOST_TEST(next.what.host().ends_with("/" + std::to_string(first->pid())));
  first->signal(SIGTERM);
  until([&] { return first->has_ended(); });
  BOOST_TEST(first->wait() == 0);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace takeover_test
