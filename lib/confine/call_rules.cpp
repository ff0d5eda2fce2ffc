// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "confine/call_rules.hpp"

#if ISOLATTE_HAS_FILTERS

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <map>
#include <span>
#include <utility>
#include <variant>

namespace isolatte::inline v0_1::confine {

void call_rules::set(number call, std::uint32_t answer) {
  rule& its = rules_[call];
  its.conditional.clear();
  its.has_answer = true;
  its.answer = answer;
}

void call_rules::when(number call, std::uint32_t answer, std::vector<argument_bits> conditions) {
  rule& its = rules_[call];
  its.has_answer = false;
  its.conditional.push_back({answer, std::move(conditions)});
}

void call_rules::look_first(number call, check code) {
  rules_[call].first.push_back(std::move(code));
}

void call_rules::guard_leash(number call, std::vector<unsigned> arguments) {
  rules_[call].leash_arguments = std::move(arguments);
}

void call_rules::let_pass(number call) { rules_[call].passes = true; }

class call_rules::compiler {
 public:
  compiler(const call_rules& of, number newest, std::uint32_t marked_pid)
      : of_{of}, newest_{newest}, marked_pid_{marked_pid} {}

  filter compile(std::uint32_t architecture, std::span<const range> all) {
    code_.load_architecture();
    auto const native = code_.make_label();
    code_.if_equal(architecture, native);
    code_.answer(SECCOMP_RET_KILL_PROCESS);
    code_.place(native);
    code_.load_number();
    // When it loads a filter, the kernel follows the code once for each call that there is, to know
    // which are allowed whatever their arguments are. An instruction that it cannot follow ends
    // that.
    if (of_.brief_) code_.copy();
    search(all);
    for (auto const& [place, its] : blocks_) {
      code_.place(place);
      look_at(*its);
    }
    made_.instructions = std::move(code_).assemble();
    return std::move(made_);
  }

 private:
  /// An answer, or a label of what looks at the call.
  using target = std::variant<std::uint32_t, bpf_assembler::label>;
  using targets = std::map<target, bpf_assembler::label>;

  /// Finds the range of a call. A part of the ranges is searched by a tree, whose leaves share what
  /// follows it.
  void search(std::span<const range> all) {
    targets found;
    for (auto const& each : all) found.emplace(target_of(each), 0);
    // A jump of the tree passes the rest of the tree, and the answers.
    constexpr std::size_t within_reach = 255;
    if (all.size() + found.size() > within_reach) {
      auto const lower = code_.make_label();
      auto const upper = code_.make_label();
      auto const half = all.size() / 2;
      code_.if_at_least(all[half].first, bpf_assembler::next, lower);
      code_.go_to(upper);
      code_.place(lower);
      search(all.first(half));
      code_.place(upper);
      return search(all.subspan(half));
    }
    for (auto& [where, label] : found) label = code_.make_label();
    if (all.size() > 1) branch(all, found);
    for (auto const& [where, label] : found) {
      code_.place(label);
      if (auto const* const answer = std::get_if<std::uint32_t>(&where))
        code_.answer(*answer);
      else
        code_.go_to(std::get<bpf_assembler::label>(where));
    }
  }

  /// Tells two halves of at least two ranges apart.
  void branch(std::span<const range> all, const targets& found) {
    auto const middle = middle_of(all);
    auto const lower = all.first(middle);
    auto const upper = all.subspan(middle);
    auto const to_lower =
        lower.size() == 1 ? found.at(target_of(lower.front())) : bpf_assembler::next;
    auto const to_upper =
        upper.size() == 1 ? found.at(target_of(upper.front())) : code_.make_label();
    code_.if_at_least(upper.front().first, to_upper, to_lower);
    if (lower.size() > 1) branch(lower, found);
    if (upper.size() == 1) return;
    code_.place(to_upper);
    branch(upper, found);
  }

  /// Halves the numbers rather than the ranges: when it loads a filter, the kernel runs the code
  /// once for each call that there is.
  std::size_t middle_of(std::span<const range> all) const {
    auto const from = all.front().first;
    auto const to = std::min(all.back().first, newest_);
    if (from >= to) return all.size() / 2;
    auto const half = from + (to - from) / 2;
    auto const at = std::lower_bound(all.begin() + 1, all.end() - 1, half,
                                     [](const range& each, number n) { return each.first < n; });
    return static_cast<std::size_t>(at - all.begin());
  }

  target target_of(const range& which) {
    if (which.looks == nullptr) return which.answer;
    for (auto const& [place, its] : blocks_)
      if (are_alike(*its, *which.looks)) return place;
    blocks_.emplace_back(code_.make_label(), which.looks);
    return blocks_.back().first;
  }

  /// Whether the same code does for both.
  static bool are_alike(const rule& a, const rule& b) {
    if (&a == &b) return true;
    return a.first.empty() && b.first.empty() && a.has_answer == b.has_answer &&
           a.answer == b.answer && a.conditional == b.conditional &&
           a.leash_arguments == b.leash_arguments && a.passes == b.passes;
  }

  void look_at(const rule& its) {
    if (its.passes) look_at_pass();
    for (unsigned const argument : its.leash_arguments) {
      auto const other = code_.make_label();
      code_.load_argument(argument);
      made_.leash_marks.push_back(code_.if_equal(all_bits, bpf_assembler::next, other));
      code_.answer(errno_answer(EBADF));
      code_.place(other);
    }
    for (auto const& first : its.first) first(code_);
    look_at_conditions(its.conditional);
    code_.answer(its.has_answer ? its.answer : of_.otherwise_);
  }

  void look_at_pass() {
    auto const without = code_.make_label();
    code_.load_argument(5);
    made_.pass_marks.push_back(code_.if_equal(all_bits, bpf_assembler::next, without));
    code_.load_upper_half(5);
    made_.pass_marks.push_back(code_.if_equal(all_bits, bpf_assembler::next, without));
    code_.answer(SECCOMP_RET_ALLOW);
    code_.place(without);
  }

  void look_at_conditions(std::span<const conditional_answer> all) {
    while (!all.empty()) {
      auto const alternatives = count_alternatives(all);
      if (alternatives > 1)
        look_at_alternatives(all.first(alternatives));
      else
        look_at_one(all.front());
      all = all.subspan(alternatives);
    }
  }

  /// Counts the answers at the front that are the same and depend on the same bits alone.
  static std::size_t count_alternatives(std::span<const conditional_answer> all) {
    auto const& first = all.front();
    std::size_t count = 1;
    if (first.conditions.size() != 1) return count;
    for (auto const& each : all.subspan(1)) {
      bool const like_first = each.answer == first.answer && each.conditions.size() == 1 &&
                              each.conditions[0].argument == first.conditions[0].argument &&
                              each.conditions[0].mask == first.conditions[0].mask;
      if (!like_first) break;
      ++count;
    }
    return count;
  }

  void look_at_alternatives(std::span<const conditional_answer> all) {
    auto const holds = code_.make_label();
    auto const none_holds = code_.make_label();
    load(all.front().conditions[0]);
    for (auto const& each : all) compare(each.conditions[0], holds, bpf_assembler::next);
    code_.go_to(none_holds);
    code_.place(holds);
    code_.answer(all.front().answer);
    code_.place(none_holds);
  }

  void look_at_one(const conditional_answer& each) {
    auto const does_not_hold = code_.make_label();
    for (auto const& bits : each.conditions) {
      load(bits);
      compare(bits, bpf_assembler::next, does_not_hold);
    }
    code_.answer(each.answer);
    code_.place(does_not_hold);
  }

  void load(const argument_bits& bits) {
    code_.load_argument(bits.argument);
    if (bits.mask != all_bits) code_.keep_bits(bits.mask);
  }

  void compare(const argument_bits& bits, bpf_assembler::label then,
               bpf_assembler::label otherwise) {
    auto const at = code_.if_equal(bits.value, then, otherwise);
    if (bits.value == marked_pid_) made_.pid_marks.push_back(at);
  }

  const call_rules& of_;
  number const newest_;
  std::uint32_t const marked_pid_;
  bpf_assembler code_;
  filter made_;
  std::vector<std::pair<bpf_assembler::label, const rule*>> blocks_;
};

std::vector<call_rules::range> call_rules::ranges(number newest) const {
  std::vector<range> all;
  auto const add = [&all](number first, const rule* looks, std::uint32_t answer) {
    bool const goes_on = !all.empty() && looks == nullptr && all.back().looks == nullptr &&
                         all.back().answer == answer;
    if (!goes_on) all.push_back({first, looks, answer});
  };
  number next = 0;
  for (auto const& [call, its] : rules_) {
    if (call > newest) break;
    if (call != next) add(next, nullptr, otherwise_);
    bool const looks = !its.conditional.empty() || !its.first.empty() ||
                       !its.leash_arguments.empty() || its.passes;
    add(call, looks ? &its : nullptr, its.has_answer ? its.answer : otherwise_);
    next = call + 1;
  }
  if (next <= newest) add(next, nullptr, otherwise_);
  // A newer C library does without calls that do not exist.
  add(newest + 1, nullptr, errno_answer(ENOSYS));
#if defined(__x86_64__)
  // The numbers of x32. -1 is what a debugger leaves of a call that it has skipped.
  add(0x40000000, nullptr, SECCOMP_RET_KILL_PROCESS);
  add(all_bits, nullptr, errno_answer(ENOSYS));
#endif
  return all;
}

filter call_rules::compile(std::uint32_t architecture, number newest,
                           std::uint32_t marked_pid) const {
  return compiler{*this, newest, marked_pid}.compile(architecture, ranges(newest));
}

}  // namespace isolatte::inline v0_1::confine

#endif
