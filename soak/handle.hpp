// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_SOAK_HANDLE_HPP
#define ISOLATTE_SOAK_HANDLE_HPP

#include "job.hpp"

#include <isolatte/child.hpp>

#include <csignal>
#include <memory>
#include <utility>

namespace soak {

/// A job that the program has a handle to.
template <class R>
class handled_job : public std::enable_shared_from_this<handled_job<R>> {
 public:
  explicit handled_job(std::shared_ptr<job> of) : job_{std::move(of)} {}

  /// @param start returns the handle
  template <class Start>
  void run(Start start) {
    {
      allocations_may_fail const fail;
      child_ = start();
      child_.async_wait(boost::asio::bind_executor(
          job_->executor, [self = this->shared_from_this()](boost::system::error_code ec,
                                                            isolatte::outcome<R> done) {
            self->job_->finish(ec, std::move(done));
          }));
    }
    job_->in.book.note_process(job_->what, child_.pid());
    if (job_->what.stopped != stop::none)
      job_->after(job_->what.stop_after, [self = this->shared_from_this()] { self->interfere(); });
  }

 private:
  void interfere() {
    allocations_may_fail const fail;
    switch (job_->what.stopped) {
      case stop::terminate: child_.terminate(); break;
      case stop::request_exit: child_.request_exit(); break;
      case stop::interrupt: child_.interrupt(); break;
      case stop::suspend_and_resume:
        child_.suspend();
        job_->after(std::chrono::milliseconds{5},
                    [self = this->shared_from_this()] { self->child_.resume(); });
        break;
      case stop::destroy_handle: child_ = {}; break;
      case stop::kill_from_outside: kill(); break;
      default: break;
    }
  }
  void kill() {
    // The worker of a pool may have another job by now, unless this one does not end.
    if (job_->what.by == launcher::pool_spawn && ends_by_itself(job_->what.what.what)) return;
    if (child_.running() && child_.pid() != 0) ::kill(child_.pid(), SIGKILL);
  }

  std::shared_ptr<job> job_;
  isolatte::child<R> child_;
};

/// Runs a job by a handle.
template <class R, class Start>
void run_by_handle(const std::shared_ptr<job>& what, Start start) {
  std::make_shared<handled_job<R>>(what)->run(std::move(start));
}

}  // namespace soak

#endif
