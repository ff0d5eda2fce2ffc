// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_LIB_POSIX_PASSED_MEMORY_HPP
#define ISOLATTE_LIB_POSIX_PASSED_MEMORY_HPP

#include <boost/system/error_code.hpp>

#include <array>
#include <cstddef>
#include <mutex>

namespace isolatte::inline v0_1::posix {

/// Shows memory that is hidden from children to the next child that this thread forks, and to no
/// other: the registry is locked until then, and every fork of another thread waits for it. The
/// memory is hidden again when the thread has forked, or when this is destroyed.
///
/// The fork has to follow at once, and nothing before it may lock the registry.
class passed_memory {
 public:
  struct part {
    void* address = nullptr;
    std::size_t size = 0;
  };
  /// The most parts that one child is given.
  static constexpr std::size_t most_parts = 2;

  passed_memory(const std::array<part, most_parts>& parts, boost::system::error_code& ec) noexcept;
  ~passed_memory();
  passed_memory(const passed_memory&) = delete;
  passed_memory& operator=(const passed_memory&) = delete;

  /// Whether this thread has locked the registry for the fork that it makes now.
  static bool is_under_way() noexcept;
  /// To be called by the fork's handlers, with the registry locked.
  static void forked_in_parent() noexcept;
  static void forked_in_child() noexcept;

 private:
  void hide() noexcept;

  std::array<part, most_parts> parts_;
  /// The registry's, locked by this.
  std::mutex* locked_ = nullptr;
};

}  // namespace isolatte::inline v0_1::posix

#endif
