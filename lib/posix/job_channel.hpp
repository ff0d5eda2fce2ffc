// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_LIB_POSIX_JOB_CHANNEL_HPP
#define ISOLATTE_LIB_POSIX_JOB_CHANNEL_HPP

#include "posix/code_address.hpp"
#include "posix/descriptor.hpp"
#include "posix/shared_page.hpp"

#include <isolatte/detail/vocabulary/report.hpp>
#include <isolatte/resource_usage.hpp>

#include <boost/system/error_code.hpp>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>
#include <utility>

namespace isolatte::posix {

/// Goes before the arguments of a job, on their way to a worker.
struct job_header {
  /// Another one each time that it is sent: what has been taken back may be on its way still.
  std::uint64_t id = 0;
  /// Where the job_page has it.
  std::uint64_t slot = 0;
  std::uint64_t size = 0;
  std::uint64_t max_result = 0;
  code_address entry;
  code_address function;
};

/// Goes before what a job brought about, on the way back.
struct reply_header {
  static constexpr std::uint64_t expected_magic = 0x69736f6c6a6f6273;
  /// The id of the worker's first reply, which says that it is ready, or why it is not.
  static constexpr std::uint64_t ready = 0;

  std::uint64_t magic = expected_magic;
  std::uint64_t id = ready;
  std::uint64_t size = 0;
  /// The worker's number, as it says itself: its first replies may be here before the fork
  /// server's.
  int pid = 0;
  detail::payload_kind kind = detail::payload_kind::none;
  /// The worker does not have the function.
  bool unknown_function = false;
  /// Bytes of the worker's resident memory, where that has been asked for.
  std::uint64_t resident = 0;
  resource_usage usage;
};
static_assert(std::has_unique_object_representations_v<job_header>);
static_assert(std::is_trivially_copyable_v<reply_header>);

/// Shared by a pool and one worker: which of the jobs that have been sent ahead the worker has
/// begun. Whoever moves a job on first has it: the worker to run it, or the pool to take it back.
class job_page {
 public:
  /// How many jobs may be with a worker at once.
  static constexpr std::size_t slots = 64;

  job_page() noexcept = default;
  static job_page make(descriptor& file, boost::system::error_code& ec) noexcept;
  static job_page of_file(int fd, boost::system::error_code& ec) noexcept;

  /// The pool: the job is being sent.
  void offer(const job_header& job) noexcept;
  /// The worker: @return whether the job is to be run.
  bool begin(const job_header& job) noexcept { return move_on(job, begun); }
  /// The pool: @return whether the job has been taken back, and will not be run.
  bool take_back(const job_header& job) noexcept { return move_on(job, taken_back); }

 private:
  enum state : std::uint64_t { offered, begun, taken_back };
  using data = std::array<std::atomic<std::uint64_t>, slots>;
  explicit job_page(shared_page<data> slots_of) noexcept : data_{std::move(slots_of)} {}
  bool move_on(const job_header& job, state to) noexcept;

  shared_page<data> data_;
};

/// Sends what there is room for, without waiting and without SIGPIPE.
std::size_t send_some(int socket, std::span<const std::byte> bytes,
                      boost::system::error_code& ec) noexcept;
/// Receives what is there without waiting; nothing and no error at the end of all.
std::size_t receive_some(int socket, std::span<std::byte> room,
                         boost::system::error_code& ec) noexcept;

}  // namespace isolatte::posix

#endif
