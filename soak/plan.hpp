// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_SOAK_PLAN_HPP
#define ISOLATTE_SOAK_PLAN_HPP

#include "launchers.hpp"
#include "numbers.hpp"
#include "phases.hpp"
#include "work.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <iosfwd>
#include <optional>
#include <string_view>

namespace soak {

/// The interference with a job.
enum class stop : std::uint8_t {
  none,
  cancel_terminal,
  cancel_partial,
  cancel_total,
  // by a handle
  terminate,
  request_exit,
  interrupt,
  suspend_and_resume,
  destroy_handle,
  kill_from_outside,
};
std::string_view name_of(stop what) noexcept;
constexpr bool cancels(stop what) noexcept {
  return what == stop::cancel_terminal || what == stop::cancel_partial ||
         what == stop::cancel_total;
}

enum class value_kind : std::uint8_t { number, structure, bulk };
enum class sink_kind : std::uint8_t {
  discard,
  inherit,
  capture,
  by_line,
  file,
  append,
  descriptor
};
enum class source_kind : std::uint8_t { text, file, descriptor };

/// The bytes that the warm pool captures of the streams of each job.
constexpr std::size_t warm_out_limit = 65'536;
constexpr std::size_t warm_err_limit = 1000;

/// All that a job is, which depends on its index, and on nothing that happens.
struct plan {
  std::uint64_t index = 0;
  phase during = phase::calm;
  launcher by = launcher::async_fork;
  value_kind kind = value_kind::number;
  work what{};
  sink_kind out = sink_kind::discard;
  sink_kind err = sink_kind::discard;
  /// Bytes that are captured.
  std::size_t out_limit = 0;
  std::size_t err_limit = 0;
  source_kind in = source_kind::text;
  std::optional<std::chrono::microseconds> timeout{};
  std::optional<std::chrono::microseconds> deadline{};
  std::chrono::microseconds grace{0};
  stop stopped = stop::none;
  std::chrono::microseconds stop_after{0};
  bool early = false;
  bool fault_report = false;
  bool sandboxed = false;
  bool kill_tree = true;
  bool die_with_parent = true;
  std::size_t message_window = std::size_t{64} << 10;
  bool may_wait = false;
  int priority = 0;
  /// Elements of a map, or messages of a conversation.
  std::uint32_t count = 0;
  /// The manner of a conversation.
  std::uint32_t manner = 0;
  /// Chooses among what only one launcher knows.
  std::uint32_t variant = 0;

  bool disturbed() const noexcept { return during != phase::calm && during != phase::abandoned; }
};
std::ostream& operator<<(std::ostream& to, const plan& what);

/// Abilities of the machine, which are the same in each run on it.
struct abilities {
  bool sandboxes = false;
};

bool is_possible(launcher by, const abilities& can) noexcept;
bool is_possible(act what, const abilities& can) noexcept;
plan make_plan(std::uint64_t seed, std::uint64_t index, phase during, const abilities& can);
/// The nth element of a map.
work element_of(const plan& map, std::uint32_t nth);

}  // namespace soak

#endif
