// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "launch/execute.hpp"

#include "launch/adapted_options.hpp"
#include "launch/child_birth.hpp"
#include "logic/invocation.hpp"
#include "posix/child/child_setup.hpp"
#include "posix/child/program_main.hpp"
#include "posix/descriptor.hpp"
#include "posix/system_calls.hpp"
#include "posix/this_process.hpp"
#include "vocabulary/errors.hpp"

#include <isolatte/error.hpp>

#include <boost/asio/execution/context.hpp>
#include <boost/asio/execution_context.hpp>
#include <boost/optional.hpp>

// Boost.Process's paths are std::filesystem's here. Nothing that this file uses has one in its
// compiled part.
#define BOOST_PROCESS_USE_STD_FS
#include <boost/process/v2/default_launcher.hpp>

#include <cstddef>
#include <filesystem>
#include <vector>

namespace isolatte::inline v0_1::launch {

namespace {

namespace asio = boost::asio;
namespace process = boost::process::v2;
using boost::system::error_code;

/// Hears in an event loop's place that Boost.Process forks. To tell the loop is safe only while no
/// other thread uses it, and a child that becomes another program has no use for it.
class fork_context {
 public:
  explicit fork_context(const process::posix::default_launcher& launcher) noexcept
      : launcher_{launcher} {}

  /// Answers "no error" before the fork. Boost.Process waits on a pipe for the child's errno or for
  /// end-of-file, which a sibling that is forked meanwhile can hold back for as long as it lives.
  /// The child's page tells how it really went.
  void notify_fork(asio::execution_context::fork_event event) const noexcept {
    auto const& open_in_child = launcher_.fd_whitelist;
    constexpr std::size_t standard_streams = 3;
    // The pipe comes after these; a release without it has no more.
    if (event != asio::execution_context::fork_prepare || open_in_child.size() <= standard_streams)
      return;
    int const no_error = 0;
    posix::retry(
        [&] { return posix::sys.write(open_in_child.back(), &no_error, sizeof no_error); });
  }

 private:
  const process::posix::default_launcher& launcher_;
};

/// An executor that executes nothing and leads Boost.Process to a fork_context.
class fork_executor {
 public:
  explicit fork_executor(const fork_context& context) noexcept : context_{&context} {}

  const fork_context& query(asio::execution::context_t) const noexcept { return *context_; }
  template <class Function>
  void execute(Function&&) const {}
  bool operator==(const fork_executor&) const noexcept = default;

 private:
  const fork_context* context_;
};

/// Makes a child of the library's of the one that Boost.Process forks.
class library_child {
 public:
  library_child(const posix::child_plan& plan, const posix::exec_plan& program) noexcept
      : plan_{plan}, program_{program} {}

  template <class Launcher>
  error_code on_setup(Launcher& launcher, const std::filesystem::path&, const char* const*&) {
    launcher.env = program_.variables.data();
    return {};
  }

  /// Executes the program, and does not return: Boost.Process would go on to close descriptors that
  /// are to be kept, and would run the parent's exit handlers if exec failed.
  template <class Launcher>
  error_code on_exec_setup(Launcher& launcher, const std::filesystem::path&,
                           const char* const*& arguments) {
    posix::program_main(plan_, program_, arguments, launcher.env);
  }

 private:
  const posix::child_plan& plan_;
  const posix::exec_plan& program_;
};

}  // namespace

}  // namespace isolatte::inline v0_1::launch

#if defined(ISOLATTE_NO_BOOST_PROCESS)
/// Stands in for the one function of Boost.Process's library that is used here. Some distributions
/// have the headers and not the library. The library here does not call this: on_exec_setup() does
/// not return. But a linker may take this definition for that of a Boost.Process which the program
/// has all the same, and then processes are started with it.
[[gnu::weak]] void boost::process::v2::posix::detail::close_all(const std::vector<int>& whitelist,
                                                                error_code& ec) {
  if (!isolatte::posix::close_others(whitelist, 0)) ec = isolatte::posix::last_error();
}
#endif

/// Does nothing with the child: the supervisor alone waits for it.
template <>
struct boost::process::v2::basic_process<isolatte::launch::fork_executor> {
  explicit basic_process(const isolatte::launch::fork_executor&, int = 0) noexcept {}
};

namespace isolatte::inline v0_1::launch {

namespace {

/// A process number means another process in the terminal's PID namespace.
bool is_job(const program& what, const options& opts) noexcept {
  return what.foreground && !(opts.sandbox && opts.sandbox->isolate.processes);
}

posix::exec_plan plan_program(const program& what) {
  posix::exec_plan plan;
  plan.invocation = logic::invoke(what, posix::own_variables(), posix::default_path());
  plan.start_dir = what.start_dir.native();
  for (auto const& variable : plan.invocation.variables) plan.variables.push_back(variable.c_str());
  plan.variables.push_back(nullptr);
  return plan;
}

/// @return the child's number; there may be one in spite of an error
int fork_by_boost_process(const program& what, const posix::child_plan& plan,
                          const posix::exec_plan& program, error_code& ec) {
  process::posix::default_launcher launcher;
  fork_context const context{launcher};
  library_child child{plan, program};
  launcher(fork_executor{context}, ec, what.executable, what.args, child);
  return launcher.pid;
}

forked_child fork_program(const program& what, const supervise::supervisor& run,
                          const options& opts, detail::refusal& why) try {
  why.step = "creating the child";
  if (!logic::well_formed(what)) {
    why.ec = make_error_code(boost::system::errc::invalid_argument);
    return {};
  }
  posix::exec_plan const program = plan_program(what);
  child_birth birth{posix::child_kind::program, run.ends(), opts, std::nullopt, why, run.room()};
  if (why) {
    // A missing path of the sandbox would look like a missing executable, too.
    bool const is_own = why.ec.category() == error_category();
    if (opts.sandbox && !is_own) why.ec.assign(why.ec.value(), preparation_category());
    return {};
  }
  if (is_job(what, opts)) birth.make_job();
  int const pid = fork_by_boost_process(what, birth.plan(), program, why.ec);
  // With an error, a child that is there all the same is ended and reaped by its destructor.
  return birth.adopt(pid, why.ec);
} catch (...) {
  why.ec = detail::error_of_caught();
  return {};
}

}  // namespace

launched execute(const asio::any_io_executor& executor, const program& what, const options& opts,
                 detail::report_handler waiting) {
  if (auto const changed = adapted(opts, is_job(what, opts)))
    return execute(executor, what, *changed, std::move(waiting));
  launched run{launcher::program, executor, opts, nullptr, {}, std::move(waiting)};
  // Otherwise a missing file of the options would look like a missing executable.
  if (run.refused) {
    run.refused.ec.assign(run.refused.ec.value(), preparation_category());
    return run;
  }
  run.supervisor->expect_program();
  run.take(fork_program(what, *run.supervisor, opts, run.refused));
  return run;
}

}  // namespace isolatte::inline v0_1::launch
