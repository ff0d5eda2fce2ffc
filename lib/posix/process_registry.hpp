// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_LIB_POSIX_PROCESS_REGISTRY_HPP
#define ISOLATTE_LIB_POSIX_PROCESS_REGISTRY_HPP

#include "posix/kept_rooms.hpp"
#include "posix/page_slabs.hpp"
#include "posix/place_table.hpp"
#include "posix/spare_memory.hpp"

#include <boost/system/error_code.hpp>

#include <cstddef>
#include <mutex>

namespace isolatte::inline v0_1::posix {

class child_process;

/// The place of a child that is not reaped yet.
struct registry_hook {
  child_process* process = nullptr;
  std::size_t place = place_table<registry_hook*>::nowhere;
};

/// Guards the registry and the leash. Every fork of the process waits for it, so no child finds it
/// locked.
std::unique_lock<std::mutex> lock_registry();

/// With the registry locked: has a place for one process more.
/// @throws std::bad_alloc
void add_place();
/// With the registry locked: takes back what add_place() added in this process.
void remove_place() noexcept;
/// With the registry locked. A process that is there already stays.
void enlist(registry_hook& hook, child_process& process) noexcept;
/// With the registry locked.
void delist(registry_hook& hook) noexcept;

/// With the registry locked.
room_list& kept_rooms() noexcept;
/// With the registry locked.
spare_pages& kept_pages() noexcept;
/// With the registry locked.
page_slabs& shared_pages() noexcept;

/// Unmaps the memory that is kept for later children. For a process that is about to unmap all that
/// is shared.
/// @return false if a child of this process may still use what it shares with it
bool clear_kept_memory() noexcept;

/// Says that this process has just become a copy of another one by other means than fork(), which
/// tells by itself, and has one thread.
void enter_copy() noexcept;

/// Hands over a child that may not be killed: it is reaped when it has ended by itself and another
/// child is made.
void leave_behind(int pid) noexcept;
/// Hands over the children of this process in a killed group, which are still dying.
void leave_group_behind(int group) noexcept;
/// With the registry locked: reaps those that have ended.
void reap_left_behind() noexcept;

/// Announces a child until it is enlisted, or will not be made. A program that leaves main() waits
/// for the announced ones; from then on more are refused, with `operation_canceled`.
class child_announced {
 public:
  explicit child_announced(boost::system::error_code& ec);
  ~child_announced();
  child_announced(const child_announced&) = delete;
  child_announced& operator=(const child_announced&) = delete;

 private:
  bool counted_ = false;
};

}  // namespace isolatte::inline v0_1::posix

#endif
