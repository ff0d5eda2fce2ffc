// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_LIB_CONFINE_CALL_RULES_HPP
#define ISOLATTE_LIB_CONFINE_CALL_RULES_HPP

#include "confine/filter.hpp"

#if ISOLATTE_HAS_FILTERS

#include "confine/bpf.hpp"

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <vector>

#include <linux/seccomp.h>

namespace isolatte::inline v0_1::confine {

constexpr std::uint32_t errno_answer(int error) noexcept {
  return SECCOMP_RET_ERRNO | static_cast<std::uint32_t>(error);
}

constexpr std::uint32_t all_bits = 0xffffffff;

/// Asks that the lower half of an argument has a value where a mask has bits. The kernel ignores
/// the upper half of an int, and code leaves anything there.
struct argument_bits {
  unsigned argument;
  std::uint32_t mask;
  std::uint32_t value;

  bool operator==(const argument_bits&) const = default;
};

/// Collects what is to happen to each system call, and makes a filter of it.
///
/// The kernel runs a filter for each call that it knows when the filter is loaded, and translates
/// it: both take time by the length of the code. The code therefore searches the ranges of calls
/// that have the same answer, and looks at arguments where the answer depends on them alone.
class call_rules {
 public:
  using number = std::uint32_t;
  /// Emits code that answers, or runs through to its end.
  using check = std::function<void(bpf_assembler&)>;

  /// @param otherwise the answer to a call without a rule
  explicit call_rules(std::uint32_t otherwise) : otherwise_{otherwise} {}

  /// Gives a call one answer, whatever its arguments are; in place of what was said before, except
  /// for guards.
  void set(number call, std::uint32_t answer);
  /// Gives a call an answer if all conditions hold. Without one that holds it has the answer of
  /// calls without a rule.
  void when(number call, std::uint32_t answer, std::vector<argument_bits> conditions);

  /// Has code look at a call before its rules do.
  void look_first(number call, check code);
  /// Keeps a call's arguments, which are descriptors, from being the leash.
  void guard_leash(number call, std::vector<unsigned> arguments);
  /// Allows a call to those who have the pass.
  void let_pass(number call);
  /// Makes a filter that is cheaper to load, and costs more at each call.
  void be_brief() noexcept { brief_ = true; }

  /// @param architecture that of the calls; one of another is killed
  /// @param newest a call that is newer does not exist
  /// @param marked_pid a constant that is replaced by the child's number
  filter compile(std::uint32_t architecture, number newest, std::uint32_t marked_pid) const;

 private:
  struct conditional_answer {
    std::uint32_t answer;
    std::vector<argument_bits> conditions;

    bool operator==(const conditional_answer&) const = default;
  };
  struct rule {
    bool has_answer = false;
    std::uint32_t answer = 0;
    std::vector<conditional_answer> conditional;
    std::vector<check> first;
    std::vector<unsigned> leash_arguments;
    bool passes = false;
  };
  /// Calls from a number on, up to the next range.
  struct range {
    number first;
    /// Null: there is only an answer.
    const rule* looks;
    std::uint32_t answer;
  };
  class compiler;

  std::vector<range> ranges(number newest) const;

  std::uint32_t otherwise_;
  bool brief_ = false;
  std::map<number, rule> rules_;
};

}  // namespace isolatte::inline v0_1::confine

#endif

#endif
