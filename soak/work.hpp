// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_SOAK_WORK_HPP
#define ISOLATTE_SOAK_WORK_HPP

#include <isolatte/ending.hpp>
#include <isolatte/exception.hpp>
#include <isolatte/serialization.hpp>

#include <cstddef>
#include <cstdint>
#include <exception>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace soak {

/// The deeds of a job. All but those that end the process, throw or hang give a value in the end.
enum class act : std::uint8_t {
  // that give a value
  compute,
  pause,
  flood,
  echo_input,
  cling,
  escape,
  nest,
  leave_thread,
  find_preload,
  find_kept,
  miss_kept,
  find_slot,
  retire,
  // that throw
  throw_standard,
  throw_own,
  throw_nested,
  throw_number,
  demand_memory,
  // that end the process
  exit_by_code,
  quick_exit_by_code,
  exit_in_thread,
  abort,
  segfault,
  divide,
  overflow_stack,
  abort_in_thread,
  kill_itself,
  hire_assassin,
  signal_itself,
  write_too_much,
  burn,
  forbidden_call,
  // whose value is larger than options::max_result
  too_large,
  // that do not end
  hang,
  hang_deaf,
  stop_itself,
  // that attack the library, with any ending
  close_all,
  garble,
  forge,
  scribble,
  end,
};

std::string_view name_of(act what) noexcept;

/// The deed of a job, which is the same in each way to launch it.
struct work {
  std::uint64_t number = 0;
  act what = act::compute;
  /// The size of the value or of the text, in bytes.
  std::uint32_t size = 0;
  std::uint32_t microseconds = 0;

  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive & number & what & size & microseconds;
  }
};

/// A value with structure.
struct answer {
  std::uint64_t number = 0;
  std::string text;
  std::map<std::string, std::vector<std::int32_t>> tables;
  std::optional<double> ratio;

  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive & number & text & tables & ratio;
  }
  bool operator==(const answer&) const = default;
};

/// An exception with data, which is registered.
class complaint : public std::runtime_error {
 public:
  explicit complaint(const std::string& message, std::uint64_t number = 0)
      : std::runtime_error{message}, number_{number} {}
  std::uint64_t number() const noexcept { return number_; }
  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive & number_;
  }

 private:
  std::uint64_t number_;
};
ISOLATTE_REGISTER_EXCEPTION(complaint)

/// The value of a job, which depends on the job alone.
template <class R>
R value_of(const work& what);
template <>
long value_of<long>(const work& what);
template <>
answer value_of<answer>(const work& what);
template <>
std::vector<double> value_of<std::vector<double>>(const work& what);

/// Does what the job is to do, up to its value. Runs in a child.
void act_out(const work& what);

/// The function of each job.
template <class R>
R perform(const work& what) {
  act_out(what);
  return value_of<R>(what);
}

/// How a job ends that is left alone.
struct natural_end {
  isolatte::ending how = isolatte::ending::returned;
  std::optional<int> exit_code{};
  std::optional<int> signal{};
  /// Ends it in any way.
  bool any = false;
};
natural_end natural_end_of(const work& what);

/// Whether a job that is left alone comes to an end.
bool ends_by_itself(act what) noexcept;

/// Compares the exception of a job with what the job has thrown. A program that is short of memory
/// may have it as an isolatte::remote_exception.
/// @return what is wrong, or nothing
std::string check_exception(const work& what, const std::exception_ptr& thrown,
                            bool is_short_of_memory);

/// Whether an exception is all that is known of one that could not be carried out of the child.
bool is_contentless(const std::exception_ptr& thrown);

/// The line of a flood with that number, without its newline.
std::string flood_line(const work& what, std::size_t line);
/// How many lines a flood writes to each stream.
std::size_t flood_lines(const work& what) noexcept;

/// The text that a job finds in its input.
std::string input_of(const work& what);

/// The number of a descriptor of the program, of a file with this text. act::find_kept finds it in
/// a child that keeps it, and act::miss_kept does not in another one.
constexpr int kept_descriptor = 900;
inline constexpr std::string_view kept_text = "kept";

/// A preload: act::find_preload finds what it has left.
void load_state();

}  // namespace soak

#endif
