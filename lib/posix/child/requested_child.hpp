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

namespace isolatte::posix {

/// Makes the call from its bytes in the child, where nothing that goes wrong is the server's.
class received_task final : public detail::child_task {
 public:
  void expect(detail::make_task entry, std::span<const std::byte> arguments) noexcept {
    entry_ = entry;
    arguments_ = arguments;
  }
  void invoke() override;
  void encode(detail::byte_buffer& out) const override { task_->encode(out); }
  void release() noexcept override {}

 private:
  detail::make_task entry_ = nullptr;
  std::span<const std::byte> arguments_;
  std::unique_ptr<detail::child_task> task_;
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

/// What a request asks for, read and ready: whoever becomes the child has only to run it. Refers to
/// the message that it was read from.
class requested_child {
 public:
  /// @param message the request and what is behind it
  /// @param descriptors what came with it
  /// @param page what child and program share; where it is none it is the first of the descriptors
  /// @param leash what has been opened of it for the child; where it is none it is opened
  requested_child(std::span<const std::byte> message, std::vector<descriptor>& descriptors,
                  child_page page, descriptor leash, boost::system::error_code& ec) noexcept;

  const child_page& page() const noexcept { return page_; }
  /// In the child, with all signals blocked.
  [[noreturn]] void run() noexcept;

 private:
  void read(const fork_request& request, std::span<const std::byte> rest,
            std::vector<descriptor>& descriptors, boost::system::error_code& ec);

  child_page page_;
  descriptor leash_;
  child_plan plan_;
  argument_bytes arguments_;
  received_task task_;
};

/// The request at the beginning of a message, which is long enough for one.
fork_request read_request(std::span<const std::byte> message) noexcept;

/// Whether this process has the functions that a request names.
bool has_functions(const fork_request& request) noexcept;

/// Does once, unseen, what every call does. What the dynamic linker looks up for the first time in
/// a child it looks up again in the next, and what is written for the first time is copied.
void rehearse_call();

}  // namespace isolatte::posix

#endif
