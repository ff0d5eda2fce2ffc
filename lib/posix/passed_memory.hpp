// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_LIB_POSIX_PASSED_MEMORY_HPP
#define ISOLATTE_LIB_POSIX_PASSED_MEMORY_HPP

#include <array>
#include <cstddef>

namespace isolatte::inline v0_1::posix {

/// Shows memory that is hidden from children to the child that this thread forks while this lives.
/// The handlers of the fork show and hide it, with the registry locked, so that no child which
/// another thread forks meanwhile has it.
class passed_memory {
 public:
  struct part {
    void* address = nullptr;
    std::size_t size = 0;
  };
  /// The most parts that one child is given.
  static constexpr std::size_t most_parts = 2;

  explicit passed_memory(const std::array<part, most_parts>& parts) noexcept;
  ~passed_memory();
  passed_memory(const passed_memory&) = delete;
  passed_memory& operator=(const passed_memory&) = delete;

  /// The errno with which the system refused to show the memory, or 0. The child has ended then.
  int error() const noexcept { return error_; }

  /// The fork's handlers call these, with the registry locked.
  static void before_fork() noexcept;
  static void forked_in_parent() noexcept;
  static void forked_in_child() noexcept;

 private:
  void show() noexcept;
  void hide() noexcept;

  std::array<part, most_parts> parts_;
  int error_ = 0;
};

}  // namespace isolatte::inline v0_1::posix

#endif
