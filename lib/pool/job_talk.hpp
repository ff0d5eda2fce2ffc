// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_LIB_POOL_JOB_TALK_HPP
#define ISOLATTE_LIB_POOL_JOB_TALK_HPP

#include "posix/descriptor.hpp"
#include "supervise/strand.hpp"
#include "supervise/talk.hpp"

#include <boost/system/error_code.hpp>

#include <atomic>
#include <exception>
#include <memory>
#include <mutex>

namespace isolatte::inline v0_1::pool {

class pool;
struct job;

/// The conversation with a job. Its socket stays the same if the job is given to one worker after
/// another, none of which has begun it.
///
/// Used on the pool's strand, but for what the conversation's own strand tells.
class job_talk final : public supervise::talk_owner,
                       public std::enable_shared_from_this<job_talk>,
                       private supervise::strand::step {
 public:
  job_talk(std::shared_ptr<supervise::talk> talk, const supervise::strand& on) noexcept;

  /// For any thread.
  const std::shared_ptr<supervise::talk>& talk() const noexcept { return talk_; }

  /// Says which job there will be news of. To be called once.
  void set_owner(const std::shared_ptr<pool>& in, const std::shared_ptr<job>& of) noexcept;

  /// The job is about to be sent.
  /// @return the job's end, which stays this object's; or an error and -1
  int lend_end(boost::system::error_code& ec) noexcept;
  int job_end() const noexcept { return end_.get(); }
  /// The job is done.
  /// @return whether news of the conversation's end will follow
  bool end(const boost::system::error_code& ec) noexcept;
  /// The job's handle is gone: what waits for messages is aborted.
  void close() noexcept;

  bool is_refused() const noexcept { return refused_; }
  /// Why a message could not be taken, if one could not.
  const char* reason() const noexcept { return reason_; }
  std::exception_ptr failure() const noexcept;
  bool is_over() const noexcept { return over_; }

  void talk_refused(const char* reason, std::exception_ptr why) noexcept override;
  void talk_over() noexcept override;

 private:
  void tell() noexcept;
  void run() override;
  void drop() noexcept override;

  std::shared_ptr<supervise::talk> const talk_;
  supervise::strand const strand_;
  std::weak_ptr<pool> pool_;
  std::weak_ptr<job> job_;
  posix::descriptor end_;
  bool begun_ = false;

  std::atomic<bool> told_ = false;
  std::shared_ptr<job_talk> keeps_;
  std::atomic<bool> refused_ = false;
  std::atomic<bool> over_ = false;
  std::atomic<const char*> reason_ = "";
  mutable std::mutex failure_mutex_;
  std::exception_ptr failure_;
};

}  // namespace isolatte::inline v0_1::pool

#endif
