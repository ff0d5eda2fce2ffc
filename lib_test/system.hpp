// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_LIB_TEST_SYSTEM_HPP
#define ISOLATTE_LIB_TEST_SYSTEM_HPP

#include <isolatte/config.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

// The system calls of this library, all of them.
namespace isolatte::inline v0_1::test {

/// Memory that children share with this process.
class shared_memory {
 public:
  /// @throws std::system_error if there is none
  explicit shared_memory(std::size_t size);
  shared_memory(const shared_memory&) = delete;
  shared_memory& operator=(const shared_memory&) = delete;
  ~shared_memory();

  void* data() const noexcept { return data_; }

 private:
  void* data_;
  std::size_t size_;
};

/// A file without a name, for the output of one child.
class output_file {
 public:
  /// @throws std::system_error if none can be made
  output_file();
  output_file(const output_file&) = delete;
  output_file& operator=(const output_file&) = delete;
  ~output_file();

  int fd() const noexcept { return fd_; }
  /// Returns what is in it between two places; the second one -1 for its end.
  /// @throws std::system_error if it cannot be read
  std::string read(std::int64_t from, std::int64_t to) const;

 private:
  int fd_;
};

/// Returns the number of this process.
int process_id() noexcept;

/// Returns the place at which a stream of this process is, 1 or 2; -1 if it has none.
std::int64_t place_of(int stream) noexcept;

/// The alternate stack of signal handlers that the calling thread had when this was made.
class signal_stack {
 public:
  /// @throws std::system_error if the system does not tell
  signal_stack();
  /// Sets it again.
  /// @throws std::system_error if the system refuses
  void restore() const;

 private:
  void* base_ = nullptr;
  std::size_t size_ = 0;
};

/// Cancels the alarm of this process.
/// @return the seconds that were left, if there was one
std::optional<unsigned> cancel_alarm() noexcept;

}  // namespace isolatte::inline v0_1::test

#endif
