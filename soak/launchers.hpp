// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_SOAK_LAUNCHERS_HPP
#define ISOLATTE_SOAK_LAUNCHERS_HPP

#include <cstdint>
#include <string_view>

namespace soak {

/// The ways to launch a job.
enum class launcher : std::uint8_t {
  async_fork,
  blocking_fork,
  spawn_child,
  server,
  quiet_server,
  loaded_server,
  boxed_server,
  server_spawn,
  warm_pool,
  fresh_pool,
  placed_pool,
  rough_pool,
  pool_spawn,
  fork_map,
  pool_map,
  resident,
  served_resident,
  program,
  everywhere,
  manage,
  talk_fork,
  talk_server,
  talk_pool,
  talk_listener,
  end,
};
std::string_view name_of(launcher what) noexcept;

/// Whether the job's process is to ruin what it shares with those of other jobs, which may then end
/// in any way.
constexpr bool is_rough(launcher by) noexcept { return by == launcher::rough_pool; }
/// Whether a job talks with the program.
bool is_conversation(launcher by) noexcept;
/// Whether the program has a handle of a job.
bool is_handle(launcher by) noexcept;
/// Whether later jobs run in the same process.
bool is_shared(launcher by) noexcept;
/// Whether a job waits for a worker.
bool is_queued(launcher by) noexcept;
/// Whether a job has options of its own.
bool takes_options(launcher by) noexcept;

}  // namespace soak

#endif
