// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "job.hpp"

#include <isolatte/sandbox.hpp>

#include <boost/asio/cancellation_type.hpp>
#include <boost/system/system_error.hpp>

#include <chrono>
#include <cstdint>
#include <exception>
#include <new>

namespace soak {

namespace asio = boost::asio;
using boost::system::error_code;

job::job(world& where, const plan& wanted, std::function<void()> next)
    : what{wanted},
      in{where},
      executor{where.serial()},
      in_text{wanted, where.scratch(wanted.index, ".in")},
      out{wanted, wanted.out, wanted.out_limit, where.scratch(wanted.index, ".out")},
      err{wanted, wanted.err, wanted.err_limit, where.scratch(wanted.index, ".err")},
      next_{std::move(next)},
      timer_{executor} {
  in.book.begin(what);
}

job::~job() {
  allocations_hold const hold;
  if (is_over_) return;
  in.book.end(what, "abandoned", in.is_abandoned() ? "" : "the handler was never called");
}

isolatte::options job::options() {
  using namespace std::chrono_literals;
  isolatte::options opts;
  opts.in = in_text.source();
  opts.out = out.sink();
  opts.err = err.sink();
  opts.timeout = what.timeout;
  opts.grace = what.grace;
  opts.fault_report = what.fault_report;
  opts.early = what.early;
  opts.kill_tree = what.kill_tree;
  opts.die_with_parent = what.die_with_parent;
  opts.message_window = what.message_window;
  if (what.what.what == act::find_kept) opts.keep = {kept_descriptor};
  switch (what.what.what) {
    case act::too_large: opts.max_result = 150'000; break;
    case act::demand_memory: opts.limits.address_space = std::uint64_t{16} << 30; break;
    case act::write_too_much: opts.limits.file_size = 65'536; break;
    case act::burn: opts.limits.cpu_time = 1s; break;
    default: break;
  }
  if (what.sandboxed) opts.sandbox = isolatte::sandbox::pure();
  return opts;
}

isolatte::job_options job::pool_options() const {
  isolatte::job_options opts;
  opts.timeout = what.timeout;
  if (what.grace.count() != 0) opts.grace = what.grace;
  if (what.deadline) opts.deadline = std::chrono::steady_clock::now() + *what.deadline;
  opts.priority = what.priority;
  if (what.what.what != act::too_large) opts.max_result = std::size_t{1} << 28;
  if (what.may_wait) opts.when_full = isolatte::admission::wait;
  if (what.variant % 7 == 0) opts.key = std::to_string(what.index % 5);
  if (what.variant % 11 == 0) opts.tenant = std::to_string(what.index % 3);
  return opts;
}

void job::finish(const facts& got) {
  in.book.note_process(what, got.what.pid());
  std::string wrong = judge(what, got, circumstances());
  bool const has_written = !got.ec && got.what.how() != isolatte::ending::not_started;
  if (wrong.empty() && has_written && !what.disturbed()) {
    wrong = out.check(got.what.out_text(), got.what.out_truncated(), got.has_value);
    if (wrong.empty())
      wrong = err.check(got.what.err_text(), got.what.err_truncated(), got.has_value);
  }
  finish(label_of(got), wrong);
}

void job::finish(std::string_view ending, const std::string& complaint) {
  allocations_hold const hold;
  if (is_over_.exchange(true)) {
    in.book.fail("job " + std::to_string(what.index) + " completed twice");
    return;
  }
  timer_.cancel();
  // The next job begins before this one is over, so that there is one under way until the last.
  if (next_) std::exchange(next_, nullptr)();
  in.book.end(what, ending, complaint);
}

void job::arm_cancellation() {
  if (!cancels(what.stopped)) return;
  after(what.stop_after, [self = shared_from_this()] {
    allocations_may_fail const fail;
    self->cancel.emit(
        self->what.stopped == stop::cancel_terminal  ? asio::cancellation_type::terminal
        : self->what.stopped == stop::cancel_partial ? asio::cancellation_type::partial
                                                     : asio::cancellation_type::total);
  });
}

void job::after(std::chrono::microseconds time, std::function<void()> call) {
  allocations_hold const hold;
  timer_.expires_after(time);
  timer_.async_wait(asio::bind_executor(
      executor, [self = shared_from_this(), call = std::move(call)](error_code ec) {
        allocations_hold const still;
        if (!ec && !self->is_over_) call();
      }));
}

void launch(const std::shared_ptr<job>& what) {
  allocations_hold const hold;
  try {
    switch (what->what.by) {
      case launcher::async_fork:
      case launcher::blocking_fork:
      case launcher::spawn_child: return launch_fork(what);
      case launcher::server:
      case launcher::quiet_server:
      case launcher::loaded_server:
      case launcher::boxed_server:
      case launcher::server_spawn: return launch_server(what);
      case launcher::warm_pool:
      case launcher::fresh_pool:
      case launcher::placed_pool:
      case launcher::rough_pool:
      case launcher::pool_spawn: return launch_pool(what);
      case launcher::fork_map:
      case launcher::pool_map: return launch_map(what);
      case launcher::resident:
      case launcher::served_resident: return launch_resident(what);
      case launcher::program: return launch_program(what);
      case launcher::everywhere:
      case launcher::manage: return launch_management(what);
      case launcher::talk_fork:
      case launcher::talk_server:
      case launcher::talk_pool:
      case launcher::talk_listener: return launch_conversation(what);
      case launcher::end: break;
    }
  } catch (const std::bad_alloc&) {
    what->finish("refused: no memory", what->what.during == phase::failing_allocations
                                           ? ""
                                           : "the initiating function threw bad_alloc");
  } catch (const boost::system::system_error& error) {
    what->finish(
        "refused: " + error.code().message(),
        is_allowed(what->what, error.code(), what->in.seen) ? "" : "the initiating function threw");
  }
}

}  // namespace soak
