// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "work.hpp"

#include "numbers.hpp"

#include <isolatte/remote_exception.hpp>

#include <algorithm>
#include <array>
#include <csignal>
#include <new>
#include <sstream>

namespace soak {

namespace {

constexpr std::array names = {
    "compute",        "pause",           "flood",
    "echo_input",     "cling",           "escape",
    "nest",           "leave_thread",    "find_preload",
    "find_kept",      "miss_kept",       "find_slot",
    "retire",         "throw_standard",  "throw_own",
    "throw_nested",   "throw_number",    "demand_memory",
    "exit",           "quick_exit",      "exit_in_thread",
    "abort",          "segfault",        "divide",
    "overflow_stack", "abort_in_thread", "kill_itself",
    "hire_assassin",  "signal_itself",   "write_too_much",
    "burn",           "forbidden_call",  "too_large",
    "hang",           "hang_deaf",       "stop_itself",
    "close_all",      "garble",          "forge",
    "scribble",
};
static_assert(names.size() == static_cast<std::size_t>(act::end));

int exit_code_of(const work& what) { return static_cast<int>(what.number % 256); }

int signal_of(const work& what) {
  constexpr std::array all = {SIGTERM, SIGINT, SIGHUP, SIGUSR1, SIGALRM};
  return all[what.number % all.size()];
}

natural_end by_signal(isolatte::ending how, int number) { return {.how = how, .signal = number}; }

std::string describe(const std::exception_ptr& thrown) {
  if (!thrown) return "no exception";
  try {
    std::rethrow_exception(thrown);
  } catch (const std::exception& error) {
    return std::string{"an exception: "} + error.what();
  } catch (...) {
    return "an exception of another kind";
  }
}

}  // namespace

std::string_view name_of(act what) noexcept { return names[static_cast<std::size_t>(what)]; }

template <>
long value_of<long>(const work& what) {
  return static_cast<long>(scrambled(what.number) >> 1);
}

template <>
answer value_of<answer>(const work& what) {
  answer made;
  made.number = what.number;
  made.text.assign(what.size, static_cast<char>('a' + what.number % 26));
  for (std::uint64_t i = 0; i != what.number % 5; ++i)
    made.tables[std::to_string(i)].assign(i + 1, static_cast<std::int32_t>(what.number));
  if (what.number % 2 == 0) made.ratio = static_cast<double>(what.number) / 7;
  return made;
}

template <>
std::vector<double> value_of<std::vector<double>>(const work& what) {
  std::vector<double> made(what.size / sizeof(double));
  double next = static_cast<double>(what.number % 1000);
  for (double& each : made) each = next++;
  return made;
}

bool ends_by_itself(act what) noexcept {
  return what != act::hang && what != act::hang_deaf && what != act::stop_itself;
}

natural_end natural_end_of(const work& what) {
  using isolatte::ending;
  switch (what.what) {
    case act::throw_standard:
    case act::throw_own:
    case act::throw_nested:
    case act::throw_number:
    case act::demand_memory: return {.how = ending::threw};
    case act::exit_by_code:
    case act::quick_exit_by_code:
    case act::exit_in_thread: return {.how = ending::exited, .exit_code = exit_code_of(what)};
    case act::abort:
    case act::abort_in_thread: return by_signal(ending::faulted, SIGABRT);
    case act::segfault:
    case act::overflow_stack: return by_signal(ending::faulted, SIGSEGV);
    case act::divide: return by_signal(ending::faulted, SIGFPE);
    case act::forbidden_call: return by_signal(ending::faulted, SIGSYS);
    case act::kill_itself: return by_signal(ending::killed, SIGKILL);
    case act::signal_itself: return by_signal(ending::signaled, signal_of(what));
    case act::write_too_much: return by_signal(ending::signaled, SIGXFSZ);
    case act::burn: return by_signal(ending::signaled, SIGXCPU);
    case act::too_large: return {.how = ending::undelivered};
    case act::close_all:
    case act::garble:
    case act::forge:
    case act::scribble: return {.any = true};
    default: return {};
  }
}

std::string check_exception(const work& what, const std::exception_ptr& thrown,
                            bool is_short_of_memory) {
  if (!thrown) return "no exception";
  std::string const message = "job " + std::to_string(what.number);
  try {
    std::rethrow_exception(thrown);
  } catch (const isolatte::remote_exception& error) {
    if (what.what == act::throw_number && error.type_name() == "unsigned long") return {};
    // An exception that cannot be rebuilt is told by its type and message.
    if (is_short_of_memory && error.message() == message) return {};
  } catch (const complaint& error) {
    if (what.what == act::throw_own && error.what() == message && error.number() == what.number)
      return {};
  } catch (const std::out_of_range& error) {
    if (what.what == act::throw_standard && error.what() == message) return {};
  } catch (const std::domain_error& error) {
    if (what.what != act::throw_nested || error.what() != message) return describe(thrown);
    try {
      std::rethrow_if_nested(error);
    } catch (const complaint& inner) {
      if (inner.number() == what.number) return {};
    } catch (const isolatte::remote_exception&) {
      if (is_short_of_memory) return {};
    } catch (...) {
    }
    return "another nested exception";
  } catch (const std::bad_alloc&) {
    if (what.what == act::demand_memory) return {};
  } catch (...) {
  }
  return describe(thrown);
}

bool is_contentless(const std::exception_ptr& thrown) {
  try {
    if (thrown) std::rethrow_exception(thrown);
  } catch (const isolatte::remote_exception& error) {
    return error.message() == "the exception could not be carried out of the child";
  } catch (...) {
  }
  return false;
}

std::size_t flood_lines(const work& what) noexcept { return what.size / 64 + 1; }

std::string flood_line(const work& what, std::size_t line) {
  std::string text = std::to_string(what.number) + ' ' + std::to_string(line) + ' ';
  text.resize(63, '.');
  return text;
}

std::string input_of(const work& what) {
  return std::string(what.size, static_cast<char>('A' + what.number % 26));
}

}  // namespace soak
