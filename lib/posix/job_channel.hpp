// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_LIB_POSIX_JOB_CHANNEL_HPP
#define ISOLATTE_LIB_POSIX_JOB_CHANNEL_HPP

#include "logic/pool_machine.hpp"
#include "posix/code_address.hpp"
#include "posix/descriptor.hpp"
#include "posix/shared_page.hpp"

#include <isolatte/detail/vocabulary/report.hpp>
#include <isolatte/detail/vocabulary/talk_needs.hpp>
#include <isolatte/resource_usage.hpp>

#include <boost/system/error_code.hpp>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>
#include <utility>

namespace isolatte::inline v0_1::posix {

/// Goes before the arguments of a job, on their way to a worker.
struct job_header {
  /// Another one each time that it is sent: what has been taken back may be on its way still.
  std::uint64_t id = 0;
  /// The place of the job on the job_page.
  std::uint64_t slot = 0;
  std::uint64_t size = 0;
  std::uint64_t max_result = 0;
  /// worker_id::slot.
  std::uint64_t worker_slot = 0;
  /// A job that talks comes with a descriptor, its end of the conversation.
  std::uint64_t talks = 0;
  /// An errno: the descriptor could not be made, and does not come.
  std::uint64_t talk_error = 0;
  std::uint64_t message_window = 0;
  code_address entry;
  code_address function;
};

/// The meaning of a reply's payload.
enum class reply_kind : std::uint32_t {
  /// The encoded value. From a worker that is ready, nothing.
  value,
  /// The encoded exception that the callable threw.
  exception,
  /// The encoded exception that tells why the value could not be encoded.
  unencodable,
  /// The encoded exception that tells why the arguments could not be received. Nothing ran.
  unreceivable,
  /// Nothing: the worker does not have the function. Nothing ran.
  unknown_function,
  /// Nothing: what the page says of the job is nothing that a pool or a worker writes. Nothing ran,
  /// and the worker leaves.
  not_begun,
  /// The reason why the worker is to be replaced. The job's reply follows.
  retires,
};

/// Bytes of the reason of reply_kind::retires.
constexpr std::size_t longest_reason = 64;

/// Goes before what a job brought about, on the way back. The bytes come from memory that a job can
/// write: every field is an integer, so that any bytes are a value, and none is believed unchecked.
struct reply_header {
  static constexpr std::uint64_t expected_magic = 0x69736f6c6a6f6273;
  /// The id of the worker's first reply, which says that it is ready, or why it is not.
  static constexpr std::uint64_t ready = 0;

  std::uint64_t magic = expected_magic;
  std::uint64_t id = ready;
  std::uint64_t size = 0;
  /// The worker's number, as the worker says itself: its first reply may be here before the fork
  /// server's.
  std::int32_t pid = 0;
  /// A reply_kind.
  std::uint32_t kind = 0;
  /// Bytes of memory that are the worker's own, if the plan asks for them. In the first reply, what
  /// it starts with.
  std::uint64_t own_memory = 0;
  resource_usage usage;

  /// Whether the fields can be what a worker says.
  /// @param most bytes that a value may have
  bool well_formed(std::uint64_t most) const noexcept;
  reply_kind what() const noexcept { return static_cast<reply_kind>(kind); }
};
/// Says how a job talks.
void set_needs(job_header& header, detail::talk_needs needs) noexcept;
detail::talk_needs needs_of(const job_header& header) noexcept;
static_assert(std::has_unique_object_representations_v<job_header>);
static_assert(std::is_trivially_copyable_v<reply_header>);

/// Shared by a pool and one worker: which of the jobs that have been sent ahead the worker has
/// begun. A job is moved on by one side only: by the worker, to run it, or by the pool, to take it
/// back. A job can write to the page, so what it says decides about that worker's own job alone.
class job_page {
 public:
  /// How many jobs may be with a worker at once.
  static constexpr std::size_t slots = 64;

  job_page() noexcept = default;
  static job_page make(descriptor& file, boost::system::error_code& ec) noexcept;
  static job_page of_file(int fd, boost::system::error_code& ec) noexcept;

  /// The memory that the page takes.
  std::pair<std::uintptr_t, std::uintptr_t> range() const noexcept {
    auto const begin = reinterpret_cast<std::uintptr_t>(data_.get());
    return {begin, begin + sizeof(data)};
  }

  /// The pool: the job is being sent.
  void offer(const job_header& job) noexcept;
  /// The worker: @return whether the job is to be received and run.
  bool receive(const job_header& job) noexcept { return move_on(job, received); }
  /// The worker, of a job that it must not receive: @return whether the pool has taken the job
  /// back, and not something else written to the page.
  bool was_taken_back(const job_header& job) const noexcept;
  /// The worker: the arguments are there, the callable is about to run.
  void begin(const job_header& job) noexcept;
  /// The pool: @return whether the job has been taken back, and will not be run.
  bool take_back(const job_header& job) noexcept { return move_on(job, taken_back); }
  /// The pool, after the worker's end.
  logic::job_stage stage(const job_header& job) const noexcept;

 private:
  enum state : std::uint64_t { offered, received, begun, taken_back };
  using data = std::array<std::atomic<std::uint64_t>, slots>;
  explicit job_page(shared_page<data> slots_of) noexcept : data_{std::move(slots_of)} {}
  static constexpr std::uint64_t word(const job_header& job, state what) noexcept {
    return job.id << 2 | what;
  }
  bool move_on(const job_header& job, state to) noexcept;

  shared_page<data> data_;
};

/// At most so many parts are sent at once.
constexpr std::size_t most_parts = 64;
/// Sends what there is room for, without waiting and without SIGPIPE.
/// @param along a descriptor that goes with the first byte, or -1
/// @return how many bytes have gone
std::size_t send_some(int socket, std::span<const std::span<const std::byte>> parts,
                      boost::system::error_code& ec, int along = -1) noexcept;
/// Receives what is there without waiting; nothing and no error at the end of all.
std::size_t receive_some(int socket, std::span<std::byte> room,
                         boost::system::error_code& ec) noexcept;

/// Tells the other end that no more will be sent, even if another process has this end open.
void end_sending(int socket) noexcept;

}  // namespace isolatte::inline v0_1::posix

#endif
