// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_LIB_NATS_LINK_CALLBACK_TABLE_HPP
#define ISOLATTE_LIB_NATS_LINK_CALLBACK_TABLE_HPP

#include "nats/link/connection.hpp"

#include <cstdint>
#include <memory>
#include <mutex>
#include <unordered_map>

namespace isolatte::inline v0_1::nats::link {

/// Names for what libnats calls back. libnats may call after the end of a connection, so what it
/// is given is a number that is never used again, in the place of a pointer.
class callback_table {
 public:
  struct target {
    std::weak_ptr<connection> of;
    std::uint64_t subscription = 0;
  };

  /// A name, given back when destroyed.
  class entry {
   public:
    entry(std::weak_ptr<connection> of, std::uint64_t subscription);
    ~entry();
    entry(const entry&) = delete;
    entry& operator=(const entry&) = delete;
    void* closure() const noexcept { return reinterpret_cast<void*>(name_); }

   private:
    std::uintptr_t name_;
  };

  /// @return the connection, or null if it has ended; and the number of the subscription
  static std::pair<std::shared_ptr<connection>, std::uint64_t> find(void* closure) noexcept;

 private:
  static callback_table& instance();

  std::mutex mutex_;
  std::uintptr_t last_ = 0;
  std::unordered_map<std::uintptr_t, target> targets_;
};

}  // namespace isolatte::inline v0_1::nats::link

#endif
