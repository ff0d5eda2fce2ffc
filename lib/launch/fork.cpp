// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "launch/fork.hpp"

#include "launch/adapted_options.hpp"
#include "posix/child/child_main.hpp"
#include "posix/system_calls.hpp"

#include <optional>
#include <utility>

namespace isolatte::inline v0_1::launch {

forked_child fork_child(detail::child_task& task, const posix::child_ends& ends,
                        const options& opts, std::optional<confine::sandbox_plan> deferred,
                        detail::refusal& why,
                        const std::shared_ptr<supervise::operation_memory>& room,
                        const posix::child_page* also) try {
  child_birth birth{posix::child_kind::callable, ends, opts, std::move(deferred), why, room, also};
  if (why) return {};
  auto const pid = posix::sys.fork();
  if (pid == 0) posix::child_main(task, birth.plan());
  if (pid == -1) why.ec = posix::last_error();
  return birth.adopt(pid, why.ec);
} catch (...) {
  why.ec = detail::error_of_caught();
  return {};
}

launched fork(const boost::asio::any_io_executor& executor, detail::child_task& task,
              const options& opts, supervise::symbolise_function symbolise,
              detail::talk_wish&& wish, detail::report_handler waiting,
              std::optional<launcher> by) {
  if (auto const changed = adapted(opts))
    return fork(executor, task, *changed, std::move(symbolise), std::move(wish), std::move(waiting),
                by);
  launched run{by, executor, opts, std::move(symbolise), std::move(wish), std::move(waiting)};
  if (!run.refused)
    run.take(fork_child(task, run.supervisor->ends(), opts, std::nullopt, run.refused,
                        run.supervisor->room()));
  return run;
}

}  // namespace isolatte::inline v0_1::launch
