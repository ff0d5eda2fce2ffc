// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "launchers.hpp"

#include <array>
#include <cstddef>

namespace soak {

namespace {

constexpr std::array launcher_names = {
    "async_fork",      "fork",          "spawn_child",  "server",
    "quiet_server",    "loaded_server", "boxed_server", "server_spawn",
    "warm_pool",       "fresh_pool",    "placed_pool",  "rough_pool",
    "pool_spawn",      "fork_map",      "pool_map",     "resident",
    "served_resident", "program",       "everywhere",   "manage",
    "talk_fork",       "talk_server",   "talk_pool",    "talk_listener",
};
static_assert(launcher_names.size() == static_cast<std::size_t>(launcher::end));

}  // namespace

std::string_view name_of(launcher what) noexcept {
  return launcher_names[static_cast<std::size_t>(what)];
}

bool takes_options(launcher by) noexcept {
  return by == launcher::async_fork || by == launcher::blocking_fork ||
         by == launcher::spawn_child || by == launcher::server || by == launcher::quiet_server ||
         by == launcher::loaded_server || by == launcher::server_spawn;
}

bool is_conversation(launcher by) noexcept {
  return by == launcher::talk_fork || by == launcher::talk_server || by == launcher::talk_pool ||
         by == launcher::talk_listener;
}

bool is_handle(launcher by) noexcept {
  return by == launcher::spawn_child || by == launcher::server_spawn ||
         by == launcher::pool_spawn || by == launcher::talk_fork || by == launcher::talk_server ||
         by == launcher::talk_pool;
}
/// Whether later jobs run in the same process.
bool is_shared(launcher by) noexcept {
  return by == launcher::warm_pool || by == launcher::placed_pool || by == launcher::pool_spawn ||
         by == launcher::pool_map || by == launcher::resident || by == launcher::served_resident ||
         by == launcher::everywhere || by == launcher::rough_pool;
}
bool is_queued(launcher by) noexcept {
  return is_shared(by) || by == launcher::fresh_pool || by == launcher::talk_pool;
}

}  // namespace soak
