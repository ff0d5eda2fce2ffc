// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "launch/execute.hpp"

#include "logic/invocation.hpp"
#include "posix/child/program_main.hpp"
#include "posix/system_calls.hpp"

#include <boost/asio/execution/context.hpp>
#include <boost/asio/execution_context.hpp>
#include <boost/optional.hpp>

// What this file uses of Boost.Process has no path in its compiled part.
#define BOOST_PROCESS_USE_STD_FS
#include <boost/process/v2/default_launcher.hpp>

#include <cstddef>
#include <filesystem>
#include <vector>

namespace isolatte::launch {

namespace {

namespace asio = boost::asio;
namespace process = boost::process::v2;
using boost::system::error_code;

/// What Boost.Process tells of its fork. An event loop must not be told: that is safe only as long
/// as no other thread uses it, and a child that becomes another program has no use for it.
class fork_context {
 public:
  explicit fork_context(const process::posix::default_launcher& launcher) noexcept
      : launcher_{launcher} {}

  /// Boost.Process waits on a pipe for the child's errno, or for its end-of-file, which a sibling
  /// that was forked meanwhile can hold back for as long as it lives. The answer "no error" is put
  /// into the pipe beforehand, and the child's page tells how it really went.
  void notify_fork(asio::execution_context::fork_event event) const noexcept {
    auto const& open_in_child = launcher_.fd_whitelist;
    constexpr std::size_t standard_streams = 3;
    // Behind these comes the pipe; in a release that had none, nothing.
    if (event != asio::execution_context::fork_prepare || open_in_child.size() <= standard_streams)
      return;
    int const no_error = 0;
    posix::retry(
        [&] { return posix::sys.write(open_in_child.back(), &no_error, sizeof no_error); });
  }

 private:
  const process::posix::default_launcher& launcher_;
};

/// An executor of nothing, for its context.
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

/// Makes the child that Boost.Process forks one of the library's.
class library_child {
 public:
  library_child(const posix::child_plan& plan, const posix::exec_plan& program) noexcept
      : plan_{plan}, program_{program} {}

  template <class Launcher>
  error_code on_setup(Launcher& launcher, const std::filesystem::path&, const char* const*&) {
    launcher.env = program_.variables.data();
    return {};
  }

  /// Executes the program itself: behind this function Boost.Process would close descriptors that
  /// are to be kept, and run the parent's exit handlers where it cannot execute it.
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

}  // namespace isolatte::launch

#if defined(ISOLATTE_NO_BOOST_PROCESS)
/// Some distributions have the headers of a Boost whose Process is compiled, and not its library.
/// This is all that would be missed, and it is never called: on_exec_setup() does not come back.
[[gnu::weak]] void boost::process::v2::posix::detail::close_all(const std::vector<int>&,
                                                                error_code& ec) {
  ec = make_error_code(boost::system::errc::operation_not_supported);
}
#endif

/// Does nothing with the child: the supervisor waits for it, and nobody else.
template <>
struct boost::process::v2::basic_process<isolatte::launch::fork_executor> {
  explicit basic_process(const isolatte::launch::fork_executor&, int = 0) noexcept {}
};

namespace isolatte::launch {

namespace {

int launch_program(const program& what, const posix::child_plan& plan,
                   const posix::exec_plan& program, error_code& ec) {
  process::posix::default_launcher launcher;
  fork_context const context{launcher};
  library_child child{plan, program};
  launcher(fork_executor{context}, ec, what.executable, what.args, child);
  return launcher.pid;
}

}  // namespace

launched execute(const asio::any_io_executor& executor, const program& what, const options& opts,
                 error_code& ec, const char*& step) {
  auto const create = [&](const posix::child_ends& ends, error_code& error) {
    if (!logic::well_formed(what)) {
      error = make_error_code(boost::system::errc::invalid_argument);
      return posix::forked_child{};
    }
    posix::exec_plan const program = posix::make_exec_plan(what);
    return posix::fork_child_by(
        [&](const posix::child_plan& plan, error_code& e) {
          return launch_program(what, plan, program, e);
        },
        posix::child_kind::program, ends, opts, error);
  };
  return launch(executor, opts, nullptr, create, ec, step);
}

}  // namespace isolatte::launch
