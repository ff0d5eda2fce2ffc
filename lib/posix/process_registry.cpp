// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "posix/process_registry.hpp"

#include "posix/child_process.hpp"
#include "posix/leash.hpp"
#include "posix/origin.hpp"
#include "posix/passed_memory.hpp"
#include "posix/system_calls.hpp"
#include "posix/traced_threads.hpp"

#include <atomic>
#include <bit>
#include <cerrno>
#include <cstddef>
#include <cstdlib>
#include <forward_list>
#include <new>
#include <system_error>

#include <pthread.h>

namespace isolatte::inline v0_1::posix {

namespace {

/// Never destroyed: an execution context with static storage may end runs after any of this
/// library's static objects would have been destroyed.
struct registry {
  std::mutex mutex;
  place_table<registry_hook*> children;
  /// How many places there are, taken or not.
  std::size_t places = 0;
  room_list rooms;
  spare_pages pages;
  page_slabs slabs;
  /// Children, and groups of children with a minus sign, as kill() has them.
  std::forward_list<int> left_behind;
  bool closed = false;
  std::atomic<int> announced = 0;

  registry() {
    if (int const error = ::pthread_atfork(before_fork, after_fork_in_parent, after_fork_in_child))
      throw std::system_error{error, std::system_category(), "pthread_atfork"};
    if (std::atexit(kill_all) != 0)
      throw std::system_error{ENOMEM, std::system_category(), "atexit"};
  }

  static registry& get() {
    // Each child unlocks the mutex, and copies the page on which the mutex lies: here others are
    // written, too, that are the library's. Aligned, so that all of it lies on one page.
    alignas(std::bit_ceil(sizeof(registry))) static std::byte storage[sizeof(registry)];
    static registry* const instance = ::new (storage) registry;
    return *instance;
  }

  static void before_fork() {
    get().mutex.lock();
    passed_memory::before_fork();
  }
  static void after_fork_in_parent() {
    passed_memory::forked_in_parent();
    get().mutex.unlock();
  }
  static void after_fork_in_child() {
    passed_memory::forked_in_child();
    // Locked by the thread that forked, which is the only one here.
    get().mutex.unlock();
    get().enter_copy();
  }
  void enter_copy() {
    origin::enter_copy();
    // Left open here, the program's ends of its leashes would keep its children alive after it.
    disown_leash();
    if (has_separate_leashes())
      children.any([](registry_hook* each) {
        each->process->disown();
        return false;
      });
    // The parent's children are not this process's to end or to reap.
    children.clear();
    places = 0;
    left_behind.clear();
    closed = false;
    announced = 0;
  }

  /// Ends every child when the program leaves main(). Children that another process may still make
  /// come last: by then that process has been ended.
  static void kill_all() {
    registry& self = get();
    {
      std::lock_guard const lock{self.mutex};
      self.closed = true;
    }
    // A child that another thread has begun to make must not be missed.
    while (int const announced = self.announced) self.announced.wait(announced);
    while (kill_one(false)) {
    }
    while (kill_one(true)) {
    }
  }

  static bool kill_one(bool with_expected) {
    registry& self = get();
    std::lock_guard const lock{self.mutex};
    return self.children.any([with_expected](registry_hook* each) {
      if (!with_expected && each->process->expected()) return false;
      child_process* const found = each->process;
      delist(*each);
      found->kill_and_reap();
      return true;
    });
  }
};

}  // namespace

void enter_copy() noexcept { registry::get().enter_copy(); }

std::unique_lock<std::mutex> lock_registry() { return std::unique_lock{registry::get().mutex}; }

void add_place() {
  registry& all = registry::get();
  all.children.reserve(all.places + 1);
  ++all.places;
}

void remove_place() noexcept { --registry::get().places; }

void enlist(registry_hook& hook, child_process& process) noexcept {
  if (hook.process != nullptr) return;
  hook.process = &process;
  hook.place = registry::get().children.add(&hook);
}

void delist(registry_hook& hook) noexcept {
  registry::get().children.remove(hook.place);
  hook.process = nullptr;
}

room_list& kept_rooms() noexcept { return registry::get().rooms; }

spare_pages& kept_pages() noexcept { return registry::get().pages; }

page_slabs& shared_pages() noexcept { return registry::get().slabs; }

bool clear_kept_memory() noexcept {
  registry& all = registry::get();
  std::lock_guard const lock{all.mutex};
  bool const has_children = all.children.any([](registry_hook*) { return true; });
  if (has_children || !all.slabs.clear()) return false;
  for (auto const which : {&spare_pages::spare, &spare_pages::served})
    (all.pages.*which).exchange({}).unmap();
  return true;
}

void leave_behind(int pid) noexcept {
  auto const lock = lock_registry();
  try {
    registry::get().left_behind.push_front(pid);
  } catch (const std::bad_alloc&) {
    // Without memory for its number, it stays a zombie until this program ends.
  }
}

void leave_group_behind(int group) noexcept { leave_behind(-group); }

void reap_left_behind() noexcept {
  registry::get().left_behind.remove_if([](int pid) {
    if (pid < 0) return !reap_group(-pid);
    reap_traced_threads(pid);
    siginfo_t info{};
    int const looked = retry([&] {
      return sys.waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOHANG, nullptr);
    });
    return looked == -1 ? errno == ECHILD : info.si_pid != 0;
  });
}

child_announced::child_announced(boost::system::error_code& ec) {
  registry& all = registry::get();
  std::lock_guard const lock{all.mutex};
  if (all.closed) {
    ec = make_error_code(boost::system::errc::operation_canceled);
    return;
  }
  ++all.announced;
  counted_ = true;
}

child_announced::~child_announced() {
  if (!counted_) return;
  registry& all = registry::get();
  --all.announced;
  all.announced.notify_all();
}

}  // namespace isolatte::inline v0_1::posix
