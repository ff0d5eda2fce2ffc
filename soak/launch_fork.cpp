// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "handle.hpp"
#include "job.hpp"

#include <isolatte/async_fork.hpp>
#include <isolatte/child.hpp>
#include <isolatte/fork.hpp>

#include <boost/asio/post.hpp>
#include <boost/system/system_error.hpp>

#include <new>

namespace soak {

namespace {

namespace asio = boost::asio;
using boost::system::error_code;

template <class R>
void fork_and_wait(const std::shared_ptr<job>& what, isolatte::options opts) {
  try {
    auto done = [&] {
      allocations_may_fail const fail;
      return isolatte::fork([deed = what->what.what] { return perform<R>(deed); }, std::move(opts));
    }();
    what->finish(error_of(done), done);
  } catch (const std::bad_alloc&) {
    what->finish("refused: no memory",
                 what->what.during == phase::failing_allocations ? "" : "fork() threw bad_alloc");
  } catch (const boost::system::system_error& error) {
    what->finish("refused: " + error.code().message(),
                 is_allowed(what->what, error.code(), what->in.seen) ? "" : "fork() threw");
  }
}

template <class R>
void launch_fork_with(const std::shared_ptr<job>& what) {
  auto opts = what->options();
  auto const deed = [deed = what->what.what] { return perform<R>(deed); };
  switch (what->what.by) {
    case launcher::blocking_fork:
      asio::post(*what->in.blocking, [what, opts = std::move(opts)]() mutable {
        fork_and_wait<R>(what, std::move(opts));
      });
      break;
    case launcher::spawn_child:
      run_by_handle<R>(
          what, [&] { return isolatte::spawn_child(what->executor, deed, std::move(opts)); });
      break;
    default: {
      allocations_may_fail const fail;
      isolatte::async_fork(what->executor, deed, std::move(opts), what->handler<R>());
    }
      what->arm_cancellation();
  }
}

}  // namespace

void launch_fork(const std::shared_ptr<job>& what) {
  with_value_type(what->what.kind,
                  [&]<class R>(std::type_identity<R>) { launch_fork_with<R>(what); });
}

}  // namespace soak
