// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "confine/call_rules.hpp"

#if ISOLATTE_HAS_FILTERS

#include <boost/test/unit_test.hpp>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <map>
#include <random>
#include <stdexcept>
#include <utility>
#include <vector>

#include <linux/filter.h>
#include <linux/seccomp.h>

namespace call_rules_test {

using isolatte::confine::bpf_assembler;
using isolatte::confine::errno_answer;
using isolatte::confine::filter;

constexpr std::uint32_t architecture = 0xc000003e;
constexpr std::uint32_t newest = 500;
constexpr std::uint32_t marked_pid = 0x7e51a77e;
constexpr std::uint32_t allow = SECCOMP_RET_ALLOW;
constexpr std::uint32_t trap = SECCOMP_RET_TRAP;
constexpr std::uint32_t kill = SECCOMP_RET_KILL_PROCESS;

/// Runs a filter as the kernel does.
std::uint32_t run(const filter& what, const seccomp_data& call) {
  std::uint32_t loaded = 0;
  for (std::size_t at = 0;; ++at) {
    auto const& each = what.instructions.at(at);
    auto const jump = [&](bool holds) { at += holds ? each.jt : each.jf; };
    switch (each.code) {
      case BPF_LD | BPF_W | BPF_ABS:
        std::memcpy(&loaded, reinterpret_cast<const char*>(&call) + each.k, sizeof loaded);
        break;
      case BPF_MISC | BPF_TAX: break;
      case BPF_ALU | BPF_AND | BPF_K: loaded &= each.k; break;
      case BPF_JMP | BPF_JA: at += each.k; break;
      case BPF_JMP | BPF_JEQ | BPF_K: jump(loaded == each.k); break;
      case BPF_JMP | BPF_JGE | BPF_K: jump(loaded >= each.k); break;
      case BPF_RET | BPF_K: return each.k;
      default: throw std::logic_error{"an instruction that the kernel does not walk"};
    }
  }
}

std::uint32_t answer_to(const filter& what, std::uint32_t number,
                        std::initializer_list<std::uint64_t> arguments = {}) {
  seccomp_data call{};
  call.nr = static_cast<int>(number);
  call.arch = architecture;
  std::size_t i = 0;
  for (auto const argument : arguments) call.args[i++] = argument;
  return run(what, call);
}

filter compiled(const isolatte::confine::call_rules& all) {
  return all.compile(architecture, newest, marked_pid);
}

BOOST_AUTO_TEST_SUITE(call_rules)

BOOST_AUTO_TEST_CASE(every_call_has_its_answer) {
  std::mt19937 random{1};
  for (int round = 0; round != 50; ++round) {
    isolatte::confine::call_rules all{trap};
    std::map<std::uint32_t, std::uint32_t> expected;
    for (int i = 0; i != 10 * round; ++i) {
      std::uint32_t const answers[] = {allow, errno_answer(EPERM), errno_answer(ENOSYS), trap};
      auto const call = static_cast<std::uint32_t>(random() % (newest + 1));
      expected[call] = answers[random() % 4];
      all.set(call, expected[call]);
    }
    auto const made = compiled(all);
    for (std::uint32_t call = 0; call <= newest; ++call)
      BOOST_REQUIRE(answer_to(made, call) == (expected.contains(call) ? expected[call] : trap));
  }
}

BOOST_AUTO_TEST_CASE(each_call_has_another_answer) {
  isolatte::confine::call_rules all{trap};
  for (std::uint32_t call = 0; call <= newest; ++call)
    all.set(call, errno_answer(static_cast<int>(call)));
  auto const made = compiled(all);
  for (std::uint32_t call = 0; call <= newest; ++call)
    BOOST_REQUIRE(answer_to(made, call) == errno_answer(static_cast<int>(call)));
}

// The kernel follows loads of the number and the architecture, jumps, masks and answers.
BOOST_AUTO_TEST_CASE(a_brief_filter_is_not_followed) {
  isolatte::confine::call_rules all{trap};
  all.set(13, allow);
  auto const is_brief = [](const filter& made) {
    for (auto const& each : made.instructions)
      if (each.code == (BPF_MISC | BPF_TAX)) return true;
    return false;
  };
  BOOST_TEST(!is_brief(compiled(all)));
  all.be_brief();
  auto const made = compiled(all);
  BOOST_TEST(is_brief(made));
  BOOST_TEST(answer_to(made, 13) == allow);
  BOOST_TEST(answer_to(made, 14) == trap);
}

BOOST_AUTO_TEST_CASE(numbers_beyond) {
  isolatte::confine::call_rules all{trap};
  all.set(newest, allow);
  all.set(newest + 7, allow);
  auto const made = compiled(all);
  BOOST_TEST(answer_to(made, newest) == allow);
  for (std::uint32_t const call : {newest + 1, newest + 7, std::uint32_t{0x3fffffff}})
    BOOST_TEST(answer_to(made, call) == errno_answer(ENOSYS));
#if defined(__x86_64__)
  for (std::uint32_t const call : {0x40000000U, 0x40000001U, 0x7fffffffU, 0x80000000U, 0xfffffffeU})
    BOOST_TEST(answer_to(made, call) == kill);
  BOOST_TEST(answer_to(made, 0xffffffffU) == errno_answer(ENOSYS));
#endif
  seccomp_data foreign{};
  foreign.nr = static_cast<int>(newest);
  foreign.arch = architecture + 1;
  BOOST_TEST(run(made, foreign) == kill);
}

BOOST_AUTO_TEST_CASE(arguments) {
  isolatte::confine::call_rules all{trap};
  all.set(1, allow);
  all.when(1, allow, {{0, 0xffffffff, 5}});
  all.when(1, allow, {{0, 0xffffffff, 6}});
  all.when(1, errno_answer(EACCES), {{1, 0xf0, 0x10}, {2, 1, 0}});
  auto const made = compiled(all);
  BOOST_TEST(answer_to(made, 1, {5}) == allow);
  BOOST_TEST(answer_to(made, 1, {6}) == allow);
  // The upper half of an int means nothing.
  BOOST_TEST(answer_to(made, 1, {(std::uint64_t{1} << 32) | 6}) == allow);
  BOOST_TEST(answer_to(made, 1, {7, 0x1f, 2}) == errno_answer(EACCES));
  BOOST_TEST(answer_to(made, 1, {7, 0x1f, 3}) == trap);
  BOOST_TEST(answer_to(made, 1, {7, 0x2f, 2}) == trap);
}

BOOST_AUTO_TEST_CASE(one_answer_takes_the_place_of_conditions) {
  isolatte::confine::call_rules all{trap};
  all.when(1, allow, {{0, 0xffffffff, 5}});
  all.set(1, errno_answer(EPERM));
  BOOST_TEST(answer_to(compiled(all), 1, {5}) == errno_answer(EPERM));
}

BOOST_AUTO_TEST_CASE(the_childs_own_number) {
  isolatte::confine::call_rules all{trap};
  for (std::uint32_t const call : {3U, 9U}) all.when(call, allow, {{0, 0xffffffff, marked_pid}});
  auto made = compiled(all);
  BOOST_REQUIRE(!made.pid_marks.empty());
  for (auto const mark : made.pid_marks) made.instructions[mark].k = 4711;
  for (std::uint32_t const call : {3U, 9U}) {
    BOOST_TEST(answer_to(made, call, {4711}) == allow);
    BOOST_TEST(answer_to(made, call, {4712}) == trap);
    BOOST_TEST(answer_to(made, call, {marked_pid}) == trap);
  }
}

BOOST_AUTO_TEST_CASE(the_leash_is_guarded) {
  isolatte::confine::call_rules all{trap};
  all.set(3, allow);
  all.set(33, allow);
  all.guard_leash(3, {0});
  all.guard_leash(33, {0, 1});
  auto made = compiled(all);
  for (auto const mark : made.leash_marks) made.instructions[mark].k = 9;
  BOOST_TEST(answer_to(made, 3, {9}) == errno_answer(EBADF));
  BOOST_TEST(answer_to(made, 3, {(std::uint64_t{1} << 32) | 9}) == errno_answer(EBADF));
  BOOST_TEST(answer_to(made, 3, {8, 9}) == allow);
  BOOST_TEST(answer_to(made, 33, {8, 9}) == errno_answer(EBADF));
  BOOST_TEST(answer_to(made, 33, {9, 8}) == errno_answer(EBADF));
  BOOST_TEST(answer_to(made, 33, {8, 7}) == allow);
}

BOOST_AUTO_TEST_CASE(a_pass) {
  isolatte::confine::call_rules all{trap};
  all.set(3, errno_answer(EPERM));
  all.guard_leash(3, {0});
  for (std::uint32_t const call : {3U, 109U}) all.let_pass(call);
  auto made = compiled(all);
  constexpr std::uint64_t pass = 0x123456789abcdef0;
  BOOST_REQUIRE(made.pass_marks.size() % 2 == 0);
  for (std::size_t i = 0; i != made.pass_marks.size(); ++i)
    made.instructions[made.pass_marks[i]].k = static_cast<std::uint32_t>(pass >> 32 * (i % 2));
  for (std::uint32_t const call : {3U, 109U}) {
    auto const without = call == 3 ? errno_answer(EPERM) : trap;
    BOOST_TEST(answer_to(made, call, {0, 0, 0, 0, 0, pass}) == allow);
    for (std::uint64_t const wrong : {std::uint64_t{0}, pass + 1, pass ^ (std::uint64_t{1} << 63)})
      BOOST_TEST(answer_to(made, call, {0, 0, 0, 0, 0, wrong}) == without);
  }
  BOOST_TEST(answer_to(made, 4, {0, 0, 0, 0, 0, pass}) == trap);
}

BOOST_AUTO_TEST_CASE(a_condition_reaches_so_far_and_no_further) {
  auto const jump_over = [](int instructions) {
    bpf_assembler code;
    auto const there = code.make_label();
    code.if_equal(7, there);
    for (int i = 0; i != instructions; ++i) code.answer(trap);
    code.place(there);
    code.answer(allow);
    return std::move(code).assemble();
  };
  BOOST_TEST(jump_over(255).front().jt == 255);
  BOOST_CHECK_THROW(jump_over(256), std::length_error);
}

BOOST_AUTO_TEST_CASE(code_that_looks_first) {
  isolatte::confine::call_rules all{trap};
  all.set(13, allow);
  all.look_first(13, [](bpf_assembler& code) {
    auto const other = code.make_label();
    code.load_argument(0);
    code.if_equal(31, bpf_assembler::next, other);
    code.answer(errno_answer(EINVAL));
    code.place(other);
  });
  auto const made = compiled(all);
  BOOST_TEST(answer_to(made, 13, {31}) == errno_answer(EINVAL));
  BOOST_TEST(answer_to(made, 13, {30}) == allow);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace call_rules_test

#endif
