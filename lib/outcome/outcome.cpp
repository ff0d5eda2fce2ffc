// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "vocabulary/errors.hpp"
#include "vocabulary/signals.hpp"

#include <isolatte/detail/exception/codec.hpp>
#include <isolatte/detail/task/make_outcome.hpp>
#include <isolatte/detail/vocabulary/malformed_frame.hpp>
#include <isolatte/outcome.hpp>

#include <boost/system/system_error.hpp>

#include <charconv>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <exception>
#include <iomanip>
#include <new>
#include <ostream>
#include <sstream>
#include <string>
#include <utility>

namespace isolatte::inline v0_1 {

namespace {

std::string hexadecimal(const void* address) {
  char text[2 + 2 * sizeof address] = {'0', 'x'};
  char* const end =
      std::to_chars(text + 2, text + sizeof text, reinterpret_cast<std::uintptr_t>(address), 16)
          .ptr;
  return {text, end};
}

std::string what_of(const std::exception_ptr& exception) {
  if (!exception) return {};
  try {
    std::rethrow_exception(exception);
  } catch (const std::exception& error) {
    if (const char* const what = error.what()) return what;
  } catch (...) {
  }
  return detail::describe_exception(exception);
}

/// Says why the bytes that the child sent gave no object.
/// @param why what decoding them threw, or null
std::string why_refused(const std::exception_ptr& why) {
  std::string const malformed = "the result frame is malformed";
  if (!why) return malformed;
  try {
    std::rethrow_exception(why);
  } catch (const detail::malformed_frame& error) {
    return malformed + ": " + error.what();
  } catch (const std::bad_alloc&) {
    return "no memory for the result";
  } catch (...) {
    return "the result could not be loaded: " + what_of(std::current_exception());
  }
}

/// "faulted: SIGSEGV at 0x0 (core dumped)": the ending with what distinguishes it.
std::string describe(const run_summary& summary) {
  std::string text{to_string(summary.how)};
  if (summary.how == ending::exited && summary.exit_code)
    text += " with code " + std::to_string(*summary.exit_code);
  // A polite signal made the child exit: the code says how it took that.
  if ((summary.how == ending::timed_out || summary.how == ending::cancelled) && summary.exit_code)
    text += ", exited with code " + std::to_string(*summary.exit_code);
  if (summary.signal) text += ": " + detail::signal_name(*summary.signal);
  // The record is the child's word: it is told only if it is of the signal that ended the child.
  if (summary.fault && summary.how == ending::faulted &&
      (!summary.signal || summary.fault->signal == *summary.signal)) {
    // si_code is above 0 if the kernel sent the signal. Only then is there an address.
    if (!summary.fault->system_call.empty())
      text += ", " + summary.fault->system_call + " is not allowed";
    else if (summary.fault->code > 0)
      text += " at " + hexadecimal(summary.fault->address);
    bool const of_memory = summary.fault->signal == SIGSEGV || summary.fault->signal == SIGBUS;
    if (of_memory && summary.fault->stack_overflow) text += ", a stack overflow";
  }
  if (summary.core_dumped) text += " (core dumped)";
  if (!summary.reason.empty()) text += ": " + summary.reason;
  return text;
}

abnormal_end make_abnormal_end(const run_summary& summary) {
  return {"isolatte: the child's end: " + describe(summary), summary.how, summary.exit_code,
          summary.signal};
}

/// Gives the abnormal_end, or std::bad_alloc if there is no memory for it.
std::exception_ptr abnormal_end_of(const run_summary& summary) noexcept try {
  return std::make_exception_ptr(make_abnormal_end(summary));
} catch (...) {
  return std::current_exception();
}

/// Adds the exception's message, if there is memory for it.
void add_message(std::string& reason, const std::exception_ptr& of) noexcept try {
  if (std::string const message = what_of(of); !message.empty()) reason += ": " + message;
} catch (const std::bad_alloc&) {
}

std::exception_ptr nested_in_abnormal_end(const std::exception_ptr& inner,
                                          const run_summary& summary) {
  try {
    try {
      std::rethrow_exception(inner);
    } catch (...) {
      std::throw_with_nested(make_abnormal_end(summary));
    }
  } catch (...) {
    return std::current_exception();
  }
}

std::string duration(std::chrono::nanoseconds time) {
  std::ostringstream text;
  text << std::fixed << std::setprecision(1);
  auto const ns = static_cast<double>(time.count());
  if (time < std::chrono::milliseconds{1})
    text << ns / 1e3 << " us";
  else if (time < std::chrono::seconds{1})
    text << ns / 1e6 << " ms";
  else
    text << ns / 1e9 << " s";
  return text.str();
}

}  // namespace

abnormal_end::abnormal_end(const std::string& what, ending how, std::optional<int> exit_code,
                           std::optional<int> signal)
    : std::runtime_error{what}, how_{how}, exit_code_{exit_code}, signal_{signal} {}

outcome_base::outcome_base() noexcept = default;
outcome_base::outcome_base(run_summary&& summary, std::exception_ptr&& exception) noexcept
    : summary_{std::move(summary)}, exception_{std::move(exception)} {}
outcome_base::outcome_base(const outcome_base& other) = default;
outcome_base::outcome_base(outcome_base&& other) noexcept = default;
outcome_base& outcome_base::operator=(const outcome_base& other) = default;
outcome_base& outcome_base::operator=(outcome_base&& other) noexcept = default;
outcome_base::~outcome_base() = default;

bool outcome_base::success() const noexcept {
  return how() == ending::returned || (how() == ending::exited && exit_code() == 0);
}

run_summary outcome_base::returned_summary(run_summary&& rest) noexcept {
  if (rest.how == ending::not_started) rest.how = ending::returned;
  rest.ran = ran::yes;
  if (rest.how == ending::returned && !rest.exit_code) rest.exit_code = 0;
  return std::move(rest);
}

run_summary outcome_base::threw_summary(run_summary&& rest) noexcept {
  rest.how = ending::threw;
  rest.ran = ran::yes;
  if (!rest.exit_code) rest.exit_code = 1;
  return std::move(rest);
}

run_summary outcome_base::exited_summary(int code, run_summary&& rest) noexcept {
  rest.how = ending::exited;
  rest.ran = ran::yes;
  rest.exit_code = code;
  return std::move(rest);
}

run_summary outcome_base::signal_summary(int signal, run_summary&& rest) noexcept {
  rest.how = ending::signaled;
  if (signal == SIGKILL) rest.how = ending::killed;
  if (detail::is_fault(signal) || rest.core_dumped) rest.how = ending::faulted;
  rest.ran = ran::yes;
  rest.signal = signal;
  return std::move(rest);
}

outcome_base outcome_base::refused(const boost::system::error_code& why, run_summary&& rest) {
  rest.how = ending::not_started;
  rest.ran = ran::no;
  std::exception_ptr thrown;
  try {
    thrown = std::make_exception_ptr(boost::system::system_error{
        why, rest.reason.empty() ? "isolatte" : "isolatte: " + rest.reason});
    rest.reason += (rest.reason.empty() ? "" : ": ") + why.message();
  } catch (const std::bad_alloc&) {
    if (!thrown) thrown = std::current_exception();
  }
  return {std::move(rest), std::move(thrown)};
}

std::exception_ptr outcome_base::reason_for_no_value() const {
  return exception_ ? exception_ : abnormal_end_of(summary_);
}

void outcome_base::throw_instead_of_value() const { std::rethrow_exception(reason_for_no_value()); }

std::ostream& operator<<(std::ostream& os, const outcome_base& what) {
  run_summary const& summary = what.summary_;
  std::string line = describe(summary);
  if (summary.how == ending::threw)
    if (std::string const thrown = detail::describe_exception(what.exception_); !thrown.empty())
      line += ": " + thrown;
  if (summary.pid == 0 && !summary.host.empty()) line += " (on " + summary.host + ')';
  if (summary.pid != 0) {
    line += " (pid " + std::to_string(summary.pid);
    if (!summary.host.empty()) line += " on " + summary.host;
    if (summary.usage.wall.count() != 0)
      line += ", " + duration(summary.usage.wall) + ", " +
              std::to_string(summary.usage.max_resident_bytes / (1024 * 1024)) + " MiB";
    line += ')';
  }
  // Control characters in a child's text could rule the reader's terminal.
  for (char& c : line)
    if (static_cast<unsigned char>(c) < ' ' || c == '\x7f') c = ' ';
  return os << line;
}

outcome_base detail::outcome_access::take_end(const boost::system::error_code& ec, report& what) {
  outcome_base made{std::move(what.summary), nullptr};
  run_summary& summary = made.summary_;
  try {
    switch (what.kind) {
      case payload_kind::value: break;
      case payload_kind::none:
        if (what.refused_with) {
          add_message(summary.reason, what.refused_with);
          made.exception_ = nested_in_abnormal_end(what.refused_with, summary);
        } else if (summary.how == ending::undelivered)
          made.exception_ = abnormal_end_of(summary);
        else if (summary.how == ending::not_started && ec)
          return outcome_base::refused(ec, std::move(summary));
        break;
      case payload_kind::exception: made.exception_ = decode_exception(what.payload.bytes()); break;
      case payload_kind::unencodable:
        try {
          std::rethrow_exception(decode_exception(what.payload.bytes()));
        } catch (...) {
          add_message(summary.reason, std::current_exception());
          made.exception_ = nested_in_abnormal_end(std::current_exception(), summary);
        }
        break;
    }
  } catch (...) {
    refuse_value(made, what, std::current_exception());
  }
  return made;
}

void detail::outcome_access::refuse_value(outcome_base& what, const report& of,
                                          std::exception_ptr why) noexcept {
  run_summary& summary = what.summary_;
  // Another end is known, and stays: only its value is lost.
  if (summary.how == ending::returned || summary.how == ending::threw)
    summary.how = ending::undelivered;
  try {
    summary.reason = why_refused(why);
  } catch (...) {
    // There is no memory for words. The exception that says so needs none.
    summary.reason.clear();
  }
  what.exception_ = why ? nested_in_abnormal_end(why, summary) : abnormal_end_of(summary);
  if (of.listener) of.listener->on_undecodable(summary);
}

}  // namespace isolatte::inline v0_1
