// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

// usage: farm --host [--servers URL...] [--workers N] [--name NAME]
//        farm --submit [--servers URL...] [--directory DIR] [--damaged N]
//        farm --local [--workers N] [--directory DIR] [--damaged N]
// Reads the programs of a directory, and damaged copies of some, with the reader of `census`, which
// checks nothing: in the workers of every host that serves the farm, or of this program.

#include "census/damage.hpp"
#include "census/specimen.hpp"
#include "census/tally.hpp"
#include "census/text.hpp"
#include "census/trusting_reader.hpp"

#include <isolatte.hpp>
#include <isolatte/nats.hpp>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/program_options.hpp>
#include <boost/system/error_code.hpp>
#include <boost/system/system_error.hpp>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <filesystem>
#include <functional>
#include <iostream>
#include <map>
#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include <sys/mman.h>
#include <unistd.h>

namespace asio = boost::asio;
namespace po = boost::program_options;
using namespace std::chrono_literals;

namespace {

//[job
// Runs in a worker of some host. A damaged copy is made in memory, so nothing has to be removed
// after a crash.
census::elf_facts read(const census::specimen& what) {
  if (what.harm == census::damage::none) return census::read_trustingly(what.program);
  int const copy = ::memfd_create("copy", MFD_CLOEXEC);
  if (copy == -1) throw std::system_error{errno, std::generic_category(), "memfd_create"};
  std::filesystem::path const file = "/proc/self/fd/" + std::to_string(copy);
  census::write_damaged_copy(what, file);
  return census::read_trustingly(file);
}
//]

using outcomes = std::vector<isolatte::outcome<census::elf_facts>>;

/// A bar on a terminal, and nothing elsewhere.
void show_progress(std::size_t done, std::size_t total) {
  static bool const is_terminal = ::isatty(STDERR_FILENO) == 1;
  static std::size_t drawn = 0;
  constexpr std::size_t width = 50;
  std::size_t const now = total == 0 ? 0 : done * 400 / total;
  if (!is_terminal || (now == drawn && done != total)) return;
  drawn = now;
  std::string bar;
  for (std::size_t i = 0; i != width; ++i) bar += i < now / 8 ? "█" : "·";
  std::cerr << '\r' << bar << ' ' << census::count(done) << " of " << census::count(total)
            << (done == total ? "\033[K\n" : "\033[K") << std::flush;
}

/// Prints how many jobs each host did, and each ending.
/// @return whether every job has run to some end
bool report(const outcomes& all, std::chrono::nanoseconds time) {
  std::map<std::string, std::size_t> hosts;
  std::map<census::ending_kind, std::size_t> endings;
  std::size_t unread = 0;
  for (auto const& one : all) {
    ++endings[census::kind_of(one)];
    bool const has_run =
        one.how() != isolatte::ending::not_started && one.how() != isolatte::ending::lost;
    if (has_run)
      ++hosts[one.host().empty() ? "this machine" : one.host()];
    else
      ++unread;
  }
  auto const line = [](std::string name, std::size_t jobs) {
    name.resize(std::max(name.size(), std::size_t{28}), ' ');
    std::string number = census::count(jobs);
    number.insert(0, 9 - std::min(number.size(), std::size_t{9}), ' ');
    std::cout << "  " << name << number << '\n';
  };
  std::cout << census::count(all.size()) << " files in " << census::duration(time) << '\n';
  std::cout << "read by\n";
  for (auto const& [host, jobs] : hosts) line(host, jobs);
  std::cout << "endings\n";
  for (auto const& [kind, jobs] : endings)
    line(std::string{to_string(kind.how)} + ' ' + kind.detail, jobs);
  std::cout << (unread == 0 ? "nothing is missing" : census::count(unread, "file") + " not read")
            << '\n';
  return unread == 0;
}

//[read_all
// The same for a farm and for a pool of this program.
template <class Pool, class Handler>
void read_all(Pool& pool, std::vector<census::specimen> files, Handler&& done) {
  // A lambda is called by its type, so that no message can ask for another function.
  isolatte::async_map(
      pool, std::move(files), [](const census::specimen& what) { return read(what); },
      {.on_progress = show_progress, .child = {.timeout = 1s}}, std::forward<Handler>(done));
}
//]

//[limits
isolatte::pool_options workers(std::size_t count, std::uint64_t memory) {
  isolatte::options each{.out = isolatte::discard, .err = isolatte::discard};
  each.limits.core_size = 0;
  if (memory != 0) each.limits.address_space = memory << 20;
  // The reader leaks and spoils memory, so each worker reads one file.
  return {.workers = count, .max_jobs_per_worker = 1, .worker = each};
}
//]

/// Says four times a second what the host has done, if that is more.
void tell(const isolatte::nats::farm_host& host, asio::steady_timer& clock, std::uint64_t told) {
  std::uint64_t const done = host.stats().done;
  if (done != told) std::cerr << "farm: " << census::count(done, "job") << " done\n";
  clock.expires_after(250ms);
  clock.async_wait([&host, &clock, done](boost::system::error_code error) {
    if (!error) tell(host, clock, done);
  });
}

//[host
/// Serves the farm until SIGTERM, then finishes what its workers have begun.
int serve(const isolatte::nats::farm_options& where, isolatte::pool_options pool_opts) {
  asio::io_context context;
  // First of all: the workers are copies of the program as it is now, without threads.
  isolatte::worker_pool pool{context, std::move(pool_opts)};
  isolatte::nats::farm_host host{pool, where};

  asio::cancellation_signal stop;
  asio::signal_set signals{context, SIGTERM, SIGINT};
  std::function<void(asio::cancellation_type)> const stop_at_signal = [&](auto how) {
    signals.async_wait([&, how](boost::system::error_code error, int) {
      if (error) return;
      stop.emit(how);
      stop_at_signal(asio::cancellation_type::terminal);  // who signals twice is in a hurry
    });
  };
  stop_at_signal(asio::cancellation_type::total);

  asio::steady_timer clock{context};
  tell(host, clock, 0);
  boost::system::error_code why;
  host.async_serve(asio::bind_cancellation_slot(stop.slot(), [&](boost::system::error_code error) {
    why = error;
    clock.cancel();
    signals.cancel();
    pool.stop();
  }));
  context.run();

  isolatte::nats::host_stats const did = host.stats();
  std::cerr << "farm: " << did.done << " jobs done, " << did.again
            << " of them given to another host before\n";
  if (why == asio::error::operation_aborted) return 0;
  throw boost::system::system_error{why, "the host cannot serve"};
}
//]

//[submit
/// Reads the files by a pool or a farm. SIGINT ends that early.
template <class Pool>
int submit(asio::io_context& context, Pool& pool, std::vector<census::specimen> files) {
  bool complete = false;
  asio::cancellation_signal stop;
  asio::signal_set signals{context, SIGTERM, SIGINT};
  signals.async_wait([&](boost::system::error_code error, int) {
    if (!error) stop.emit(asio::cancellation_type::terminal);
  });
  auto const start = std::chrono::steady_clock::now();
  read_all(pool, std::move(files),
           asio::bind_cancellation_slot(
               stop.slot(), [&](boost::system::error_code error, const outcomes& all) {
                 complete = report(all, std::chrono::steady_clock::now() - start);
                 if (error) std::cerr << "farm: " << error.message() << '\n';
                 signals.cancel();
                 pool.stop();
               }));
  context.run();
  return complete ? 0 : 1;
}
//]

std::vector<census::specimen> find_files(const std::string& directory, std::size_t damaged) {
  auto files = census::find_programs(directory);
  census::add_damaged_copies(files, damaged);
  if (files.empty()) throw std::runtime_error{"there is no ELF program in " + directory};
  return files;
}

// A sanitizer reserves terabytes of address space before main(), so no limit would be met.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr std::uint64_t default_memory = 0;
#else
constexpr std::uint64_t default_memory = 512;
#endif

int run(int count, char** arguments) {
  isolatte::nats::farm_options where;
  std::string directory;
  std::size_t damaged = 0;
  std::size_t how_many = 0;
  std::uint64_t memory = 0;
  po::options_description options{"Options"};
  // clang-format off
  options.add_options()
    ("host", "take jobs from the farm, until SIGTERM")
    ("submit", "have the farm's hosts read the files")
    ("local", "read the files in workers of this program, without a farm")
    ("servers", po::value(&where.servers)->multitoken()->value_name("URL..."), "of the farm")
    ("name", po::value(&where.name)->value_name("NAME"), "of the farm")
    ("lease", po::value<double>()->value_name("SECONDS"), "after which a silent host is lost")
    ("user", po::value(&where.login.user)->value_name("NAME"), "to say to the server")
    ("password", po::value(&where.login.password)->value_name("TEXT"), "of the user")
    ("insecure", po::bool_switch(&where.insecure), "trust a network without encryption")
    ("workers", po::value(&how_many)->default_value(0)->value_name("N"), "0: one a processor")
    ("memory", po::value(&memory)->default_value(default_memory)->value_name("MiB"),
     "of address space for each worker; 0: no limit")
    ("directory", po::value(&directory)->default_value("/usr/bin")->value_name("DIR"),
     "whose programs to read; the hosts have to see it, too")
    ("damaged", po::value(&damaged)->default_value(24)->value_name("N"),
     "of how many programs to read damaged copies, too")
    ("help", "print this");
  // clang-format on
  po::variables_map given;
  po::store(po::parse_command_line(count, arguments, options), given);
  po::notify(given);
  if (given.contains("help")) {
    std::cout << "usage: farm --host|--submit|--local [OPTION...]\n" << options;
    return 0;
  }
  if (given.count("host") + given.count("submit") + given.count("local") != 1)
    throw po::error{"one of --host, --submit and --local is needed"};
  if (given.contains("lease"))
    where.lease = std::chrono::duration_cast<std::chrono::nanoseconds>(
        std::chrono::duration<double>{given["lease"].as<double>()});

  if (given.contains("host")) return serve(where, workers(how_many, memory));
  asio::io_context context;
  if (given.contains("local")) {
    isolatte::worker_pool pool{context, workers(how_many, memory)};
    return submit(context, pool, find_files(directory, damaged));
  }
  isolatte::nats::farm farm{context, where};
  return submit(context, farm, find_files(directory, damaged));
}

}  // namespace

int main(int count, char** arguments) {
  try {
    return run(count, arguments);
  } catch (const po::error& error) {
    std::cerr << "farm: " << error.what() << "; --help lists the options\n";
    return 2;
  } catch (const std::exception& error) {
    std::cerr << "farm: " << error.what() << '\n';
    return 1;
  }
}
