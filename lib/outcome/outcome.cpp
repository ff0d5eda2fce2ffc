// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "vocabulary/signals.hpp"

#include <isolatte/detail/exception/codec.hpp>
#include <isolatte/detail/task/outcome_handler.hpp>
#include <isolatte/outcome.hpp>

#include <boost/system/system_error.hpp>

#include <charconv>
#include <chrono>
#include <cstdint>
#include <iomanip>
#include <ostream>
#include <sstream>
#include <string>

namespace isolatte {

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
    return error.what();
  } catch (...) {
    return "not a std::exception";
  }
}

/// "faulted: SIGSEGV at 0x0 (core dumped)": the ending with what distinguishes it.
std::string describe(const detail::run_summary& summary) {
  std::string text{to_string(summary.how)};
  if (summary.how == ending::exited && summary.exit_code)
    text += " with code " + std::to_string(*summary.exit_code);
  // Asked to end, it did.
  if ((summary.how == ending::timed_out || summary.how == ending::cancelled) && summary.exit_code)
    text += ", exited with code " + std::to_string(*summary.exit_code);
  if (summary.signal) text += ": " + detail::signal_name(*summary.signal);
  // si_code above 0: the kernel sent it, and the address means something.
  if (summary.fault && summary.fault->code > 0)
    text += " at " + hexadecimal(summary.fault->address);
  if (summary.core_dumped) text += " (core dumped)";
  if (!summary.reason.empty()) text += ": " + summary.reason;
  return text;
}

abnormal_end make_abnormal_end(const detail::run_summary& summary) {
  return {"isolatte: the child's end: " + describe(summary), summary.how, summary.exit_code,
          summary.signal};
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

bool outcome_base::success() const noexcept {
  return how() == ending::returned || (how() == ending::exited && exit_code() == 0);
}

void outcome_base::throw_instead_of_value() const {
  if (exception_) std::rethrow_exception(exception_);
  throw make_abnormal_end(summary_);
}

std::ostream& operator<<(std::ostream& os, const outcome_base& what) {
  detail::run_summary const& summary = what.summary_;
  std::string line = describe(summary);
  if (summary.how == ending::threw)
    if (std::string const message = what_of(what.exception_); !message.empty())
      line += ": " + message;
  if (summary.pid != 0) {
    line += " (pid " + std::to_string(summary.pid);
    if (summary.usage.wall.count() != 0)
      line += ", " + duration(summary.usage.wall) + ", " +
              std::to_string(summary.usage.max_resident_bytes / (1024 * 1024)) + " MiB";
    line += ')';
  }
  // The child's words are not to rule a terminal.
  for (char& c : line)
    if (static_cast<unsigned char>(c) < ' ' || c == '\x7f') c = ' ';
  return os << line;
}

std::exception_ptr detail::take_exception(const boost::system::error_code& ec, report& what) {
  run_summary& summary = what.summary;
  byte_buffer const payload = std::move(what.payload);
  switch (what.kind) {
    case payload_kind::value: break;
    case payload_kind::none:
      if (summary.how == ending::undelivered)
        return std::make_exception_ptr(make_abnormal_end(summary));
      if (summary.how == ending::not_started && ec) {
        std::exception_ptr refused = std::make_exception_ptr(boost::system::system_error{
            ec, summary.reason.empty() ? "isolatte" : "isolatte: " + summary.reason});
        summary.reason += (summary.reason.empty() ? "" : ": ") + ec.message();
        return refused;
      }
      break;
    case payload_kind::exception: try { return decode_exception(payload.bytes());
      } catch (...) {
        return refuse_value(summary, std::current_exception());
      }
    case payload_kind::unencodable: try { std::rethrow_exception(decode_exception(payload.bytes()));
      } catch (...) {
        if (std::string const why = what_of(std::current_exception()); !why.empty())
          summary.reason += ": " + why;
        try {
          std::throw_with_nested(make_abnormal_end(summary));
        } catch (...) {
          return std::current_exception();
        }
      }
  }
  return nullptr;
}

std::exception_ptr detail::refuse_value(run_summary& what, std::exception_ptr why) {
  // An end that is known stays what it was; what it left behind is malformed all the same.
  if (what.how == ending::returned || what.how == ending::threw) what.how = ending::undelivered;
  what.reason = "the result frame is malformed";
  if (why) what.reason += ": " + what_of(why);
  try {
    if (!why) throw make_abnormal_end(what);
    try {
      std::rethrow_exception(why);
    } catch (...) {
      std::throw_with_nested(make_abnormal_end(what));
    }
  } catch (...) {
    return std::current_exception();
  }
}

}  // namespace isolatte
