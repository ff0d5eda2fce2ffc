// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_OUTCOME_HPP
#define ISOLATTE_OUTCOME_HPP

#include <isolatte/config.hpp>
#include <isolatte/detail/vocabulary/report.hpp>
#include <isolatte/ending.hpp>
#include <isolatte/fault_info.hpp>
#include <isolatte/resource_usage.hpp>

#include <exception>
#include <iosfwd>
#include <optional>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>

namespace isolatte {

class outcome_base;

/// Thrown by outcome::value() when the child produced neither a value nor an exception of its own.
///
/// For ending::undelivered it may carry what the serialisation threw as a nested exception.
class ISOLATTE_VISIBLE abnormal_end : public std::runtime_error {
 public:
  /// Describes an end.
  /// @param what a sentence that names what happened
  /// @param how the ending
  /// @param exit_code the exit code, where there is one
  /// @param signal the signal, where there is one
  ISOLATTE_DECL abnormal_end(const std::string& what, ending how, std::optional<int> exit_code,
                             std::optional<int> signal);

  /// How the child ended.
  /// @return the ending
  ending how() const noexcept { return how_; }
  /// The exit code.
  /// @return the code, where the child exited
  std::optional<int> exit_code() const noexcept { return exit_code_; }
  /// The signal.
  /// @return the number, where a signal ended the child
  std::optional<int> signal() const noexcept { return signal_; }

 private:
  ending how_;
  std::optional<int> exit_code_;
  std::optional<int> signal_;
};

/// Writes one line that a person can read: the ending, its particulars, and what it cost.
/// @param os the stream
/// @param what the outcome
/// @return @p os
ISOLATTE_DECL std::ostream& operator<<(std::ostream& os, const outcome_base& what);

/// All that is known of a child's end, whatever its callable returns.
///
/// @par Thread safety
/// Distinct objects: safe. Shared objects: safe for const members.
class outcome_base {
 public:
  /// The ending.
  /// @return how the child ended; ending::not_started for a default-constructed outcome
  ending how() const noexcept { return summary_.how; }

  /// Whether the callable did what it was to do.
  /// @return true if it returned, or exited with 0
  ISOLATTE_DECL bool success() const noexcept;

  /// What the callable threw; for ending::undelivered an @ref abnormal_end that tells why; for
  /// ending::not_started a `boost::system::system_error` where the system refused.
  /// @return the exception, or null
  std::exception_ptr exception() const noexcept { return exception_; }

  /// The exit code, 0 to 255.
  /// @return the code where the child exited, of itself or behind its callable's end (0 behind a
  /// return, 1 behind an exception)
  std::optional<int> exit_code() const noexcept { return summary_.exit_code; }

  /// The signal that ended the child.
  /// @return its number, where there was one
  std::optional<int> signal() const noexcept { return summary_.signal; }

  /// Whether the child left a core dump.
  /// @return what the kernel says
  bool core_dumped() const noexcept { return summary_.core_dumped; }

  /// The child's process id.
  /// @return the id that it had, or 0 where none was created
  int pid() const noexcept { return summary_.pid; }

  /// Whether the callable ran.
  /// @return whether its work may have had effects
  isolatte::ran ran() const noexcept { return summary_.ran; }

  /// What the child consumed.
  /// @return the usage; all zero where there was no child, or its status was lost or not awaited
  const resource_usage& usage() const noexcept { return summary_.usage; }

  /// The fatal signal as the child saw it, with a stack trace.
  /// @return the fault, where one was reported (see options::fault_report)
  const std::optional<fault_info>& fault() const noexcept { return summary_.fault; }

  /// Standard output, where options::out is @ref capture.
  /// @return its last bytes
  const std::string& out_text() const noexcept { return summary_.out.text; }

  /// Standard error, where options::err is @ref capture.
  /// @return its last bytes
  const std::string& err_text() const noexcept { return summary_.err.text; }

  /// Whether standard output was longer than capture::limit.
  /// @return true if earlier bytes were dropped from out_text()
  bool out_truncated() const noexcept { return summary_.out.truncated; }

  /// Whether standard error was longer than capture::limit.
  /// @return true if earlier bytes were dropped from err_text()
  bool err_truncated() const noexcept { return summary_.err.truncated; }

 protected:
  /// An outcome of nothing: ending::not_started.
  outcome_base() = default;

  /// An outcome of what is reported.
  /// @param summary what is known
  /// @param exception what the callable threw
  outcome_base(detail::run_summary summary, std::exception_ptr exception) noexcept
      : summary_{std::move(summary)}, exception_{std::move(exception)} {}

  /// Rethrows the child's exception, or throws @ref abnormal_end.
  [[noreturn]] ISOLATTE_DECL void throw_instead_of_value() const;

 private:
  friend ISOLATTE_DECL std::ostream& operator<<(std::ostream& os, const outcome_base& what);

  detail::run_summary summary_;
  std::exception_ptr exception_;
};

/// What became of one callable in its child process.
///
/// @tparam R the callable's decayed result, or void
///
/// A value is there when how() is ending::returned. It is there, too, when it had arrived before
/// the status was lost, or before a polite stop took effect: nothing that arrived is thrown away.
///
/// @par Thread safety
/// Distinct objects: safe. Shared objects: safe for const members.
template <class R>
class outcome : public outcome_base {
  struct nothing {};
  using stored = std::conditional_t<std::is_void_v<R>, nothing, R>;

 public:
  /// What value() gives.
  using value_type = R;

  /// An outcome of nothing: ending::not_started.
  outcome() = default;

  /// @cond
  outcome(detail::run_summary summary, std::exception_ptr exception,
          std::optional<stored> value = std::nullopt)
      : outcome_base{std::move(summary), std::move(exception)}, value_{std::move(value)} {}
  static std::optional<stored> nothing_returned() { return std::optional<stored>{std::in_place}; }
  /// @endcond

  /// Whether a value is there. For void: whether the callable returned.
  /// @return true if value() gives and does not throw
  explicit operator bool() const noexcept { return value_.has_value(); }

  /// The value.
  /// @return what the callable returned
  /// @throws the callable's own exception where it threw one
  /// @throws abnormal_end otherwise, naming what happened
  decltype(auto) value() & { return get<stored&>(*this); }
  /// @copydoc value()
  decltype(auto) value() const& { return get<const stored&>(*this); }
  /// @copydoc value()
  decltype(auto) value() && { return get<stored&&>(std::move(*this)); }

  /// The value, or another where there is none.
  /// @param other what to give instead
  /// @return the value or @p other
  template <class U>
    requires(!std::is_void_v<R>)
  stored value_or(U&& other) const& {
    return value_ ? *value_ : static_cast<stored>(std::forward<U>(other));
  }
  /// The value, moved out, or another where there is none.
  /// @param other what to give instead
  /// @return the value or @p other
  template <class U>
    requires(!std::is_void_v<R>)
  stored value_or(U&& other) && {
    return value_ ? std::move(*value_) : static_cast<stored>(std::forward<U>(other));
  }

 private:
  template <class T, class Self>
  static std::conditional_t<std::is_void_v<R>, void, T> get(Self&& self) {
    if (!self.value_) self.throw_instead_of_value();
    if constexpr (!std::is_void_v<R>) return *std::forward<Self>(self).value_;
  }

  std::optional<stored> value_;
};

}  // namespace isolatte

#endif
