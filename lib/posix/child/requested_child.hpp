// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_LIB_POSIX_CHILD_REQUESTED_CHILD_HPP
#define ISOLATTE_LIB_POSIX_CHILD_REQUESTED_CHILD_HPP

#include "posix/child/child_plan.hpp"
#include "posix/child/fork_request.hpp"
#include "posix/child_page.hpp"
#include "posix/descriptor.hpp"

#include <isolatte/call.hpp>
#include <isolatte/detail/task/child_task.hpp>

#include <boost/system/error_code.hpp>

#include <cstddef>
#include <memory>
#include <span>
#include <vector>

namespace isolatte::inline v0_1::posix {

/// Makes the call from its bytes in the child, where whatever goes wrong costs that child alone.
class received_task final : public detail::child_task {
 public:
  void expect(detail::make_task entry, std::span<const std::byte> arguments) noexcept {
    entry_ = entry;
    arguments_ = arguments;
  }
  void receive() override;
  void connect(detail::talk_end& end) noexcept override;
  void invoke() override;
  void encode(detail::byte_buffer& out) const override;

 private:
  detail::make_task entry_ = nullptr;
  std::span<const std::byte> arguments_;
  std::unique_ptr<detail::child_task> task_;
  detail::talk_end* talk_ = nullptr;
};

/// The arguments, in the message or in a file.
class argument_bytes {
 public:
  argument_bytes() noexcept = default;
  argument_bytes(const argument_bytes&) = delete;
  argument_bytes& operator=(const argument_bytes&) = delete;
  ~argument_bytes();
  void use(std::span<const std::byte> bytes) noexcept { bytes_ = bytes; }
  void map(int fd, std::size_t size, boost::system::error_code& ec) noexcept;
  std::span<const std::byte> bytes() const noexcept { return bytes_; }

 private:
  void* mapped_ = nullptr;
  std::span<const std::byte> bytes_;
};

/// Hands out the descriptors that came with a message, in their order. The message's receiver owns
/// them.
class descriptor_queue {
 public:
  explicit descriptor_queue(std::vector<descriptor>& all) noexcept : all_{all} {}
  int next(boost::system::error_code& ec) noexcept;
  /// The caller owns this one.
  int release(boost::system::error_code& ec) noexcept;
  std::vector<descriptor>& all() noexcept { return all_; }

 private:
  std::vector<descriptor>& all_;
  std::size_t next_ = 0;
};

/// A request, read and ready: the process that becomes the child has only to run it. Refers to the
/// message that it was read from, and to the descriptors that came with it.
class requested_child {
 public:
  /// Reads a request that a template is sent.
  requested_child(std::span<const std::byte> message, std::vector<descriptor>& received,
                  boost::system::error_code& ec) noexcept;
  /// Reads a request that a standby child is sent.
  /// @param page what the child shares with the program
  /// @param leash the child's end of its leash
  requested_child(std::span<const std::byte> message, std::vector<descriptor>& received,
                  child_page page, descriptor leash, boost::system::error_code& ec) noexcept;

  const child_page& page() const noexcept { return page_; }
  /// In the child, with all signals blocked.
  [[noreturn]] void run() noexcept;

 private:
  void read(std::span<const std::byte> message, std::vector<descriptor>& received,
            boost::system::error_code& ec) noexcept;
  void plan(const fork_request& request, std::span<const std::byte> rest,
            descriptor_queue descriptors, boost::system::error_code& ec);

  void give_leash_its_number(const std::vector<int>& kept, boost::system::error_code& ec);

  child_page page_;
  descriptor leash_;
  confine::sandbox_plan sandbox_;
  child_plan plan_;
  argument_bytes arguments_;
  received_task task_;
  std::vector<int> given_;
};

/// The numbers that the descriptors of the call have in this child, in the order of the call.
const std::vector<int>& given_descriptors() noexcept;
/// Says which these are in a child that no request has made.
void set_given_descriptors(std::vector<int> fds) noexcept;

/// Whether this process has the functions that a request names.
bool has_functions(const fork_request& request) noexcept;

/// Does once, unseen, what every call does, so that children find it done: a child would look up
/// again what the dynamic linker has never looked up, and copy what has never been written.
void rehearse_call();

}  // namespace isolatte::inline v0_1::posix

#endif
