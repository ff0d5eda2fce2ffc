// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_OUTCOME_HPP
#define ISOLATTE_OUTCOME_HPP

#include <isolatte/config.hpp>
#include <isolatte/detail/task/value_place.hpp>
#include <isolatte/ending.hpp>
#include <isolatte/fault_info.hpp>
#include <isolatte/resource_usage.hpp>
#include <isolatte/run_summary.hpp>

#include <boost/system/error_code.hpp>

#include <concepts>
#include <exception>
#include <functional>
#include <iosfwd>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace isolatte::inline v0_1 {

class outcome_base;
template <class R>
class outcome;

/// @cond
namespace detail {

/// That of a callable which takes a stop token or a channel is in
/// <isolatte/detail/task/talking.hpp>.
template <class F>
struct result_of_run {};
template <std::invocable F>
struct result_of_run<F> {
  using type = std::decay_t<std::invoke_result_t<F>>;
};

}  // namespace detail
/// @endcond

/// The type of the value in a callable's outcome: the callable's result, decayed.
template <class F>
using result_of = typename detail::result_of_run<F>::type;

/// @cond
namespace detail {

struct outcome_access;

template <class T>
inline constexpr bool is_outcome = false;
template <class R>
inline constexpr bool is_outcome<outcome<R>> = true;

}  // namespace detail
/// @endcond

/// Thrown by outcome::value() when the child produced neither a value nor an exception of its own.
///
/// For ending::undelivered it may carry what the serialisation threw as a nested exception.
class ISOLATTE_VISIBLE abnormal_end : public std::runtime_error {
 public:
  /// Describes an end.
  /// @param what a sentence that names what happened
  /// @param how the ending
  /// @param exit_code the exit code, if there is one
  /// @param signal the signal, if there is one
  /// @par Exception safety
  /// Strong guarantee: `std::bad_alloc`.
  ISOLATTE_DECL abnormal_end(const std::string& what, ending how, std::optional<int> exit_code,
                             std::optional<int> signal);

  /// Returns how the child ended.
  /// @return the ending
  ending how() const noexcept { return how_; }
  /// Returns the exit code.
  /// @return the code, if the child exited
  std::optional<int> exit_code() const noexcept { return exit_code_; }
  /// Returns the signal.
  /// @return the number, if a signal ended the child
  std::optional<int> signal() const noexcept { return signal_; }

 private:
  ending how_;
  std::optional<int> exit_code_;
  std::optional<int> signal_;
};

/// Writes one line that a person can read: the ending, its particulars, and what it cost. Signals
/// and types of exceptions have their names, and a stack overflow is called one.
/// @param os the stream
/// @param what the outcome
/// @return @p os
/// @par Exception safety
/// Basic guarantee: `std::bad_alloc`, and what @p os throws.
ISOLATTE_DECL std::ostream& operator<<(std::ostream& os, const outcome_base& what);

/// All that is known of a child's end, except for its value.
///
/// @par Exception safety
/// Members are noexcept. Copying gives the strong guarantee: `std::bad_alloc`.
/// @par Thread safety
/// Distinct objects: safe. Shared objects: safe for const members.
class outcome_base {
 public:
  /// Copies another outcome, except for its value.
  /// @param other the outcome to copy
  ISOLATTE_DECL outcome_base(const outcome_base& other);
  /// Moves another outcome, except for its value.
  /// @param other the outcome to move from
  ISOLATTE_DECL outcome_base(outcome_base&& other) noexcept;
  /// Copies another outcome, except for its value.
  /// @param other the outcome to copy
  /// @return this outcome
  ISOLATTE_DECL outcome_base& operator=(const outcome_base& other);
  /// Moves another outcome, except for its value.
  /// @param other the outcome to move from
  /// @return this outcome
  ISOLATTE_DECL outcome_base& operator=(outcome_base&& other) noexcept;
  ISOLATTE_DECL ~outcome_base();

  /// Returns how the child ended.
  /// @return the ending; ending::not_started for a default-constructed outcome
  ending how() const noexcept { return summary_.how; }

  /// Tells whether the callable did what it was to do.
  /// @return true if it returned, or exited with 0
  ISOLATTE_DECL bool success() const noexcept;

  /// Returns what the callable threw; for ending::undelivered an @ref abnormal_end that tells why;
  /// for ending::not_started a `boost::system::system_error`, if the system refused. If there is no
  /// memory for one of these, it is `std::bad_alloc`.
  /// @return the exception, or null. outcome::error is never null if there is no value
  std::exception_ptr exception() const noexcept { return exception_; }

  /// Returns the exit code, 0 to 255.
  /// @return the code if the child exited, of itself or after its callable's end (0 after a return,
  /// 1 after an exception)
  std::optional<int> exit_code() const noexcept { return summary_.exit_code; }

  /// Returns the signal that ended the child.
  /// @return its number, if there was one
  std::optional<int> signal() const noexcept { return summary_.signal; }

  /// Tells whether the child left a core dump.
  /// @return what the kernel says
  bool core_dumped() const noexcept { return summary_.core_dumped; }

  /// Returns the child's process id, which is one of host().
  /// @return the id that it had, or 0 if none was created
  int pid() const noexcept { return summary_.pid; }

  /// Returns the worker of a pool that has run the job, or ended with it.
  /// @return its numbers; nothing if no worker had the job, or this is no outcome of a pool's job
  const std::optional<worker_id>& worker() const noexcept { return summary_.worker; }

  /// Returns the name of the machine that the job of a farm ended on.
  /// @return the name of the host; empty for this machine
  const std::string& host() const noexcept { return summary_.host; }

  /// Tells whether the callable ran, so whether its work may have had effects.
  /// @return the answer
  isolatte::ran ran() const noexcept { return summary_.ran; }

  /// Returns why there is no result: which step kept the run from being started and the system's
  /// answer, or why what the child sent is no value of this program. The text is for people; code
  /// looks at how() and at the operation's error.
  /// @return the text; empty if how() says it all
  const std::string& reason() const noexcept { return summary_.reason; }

  /// Returns what the child consumed.
  /// @return the usage; all zero if there was no child, or its status was lost or not awaited
  const resource_usage& usage() const noexcept { return summary_.usage; }

  /// Returns the fatal signal as the child saw it, with a stack trace.
  /// @return the fault, if one was reported (see options::fault_report)
  const std::optional<fault_info>& fault() const noexcept { return summary_.fault; }

  /// Returns standard output, if options::out is @ref capture.
  /// @return its last bytes
  const std::string& out_text() const noexcept { return summary_.out.text; }

  /// Returns standard error, if options::err is @ref capture.
  /// @return its last bytes
  const std::string& err_text() const noexcept { return summary_.err.text; }

  /// Tells whether standard output was longer than capture::limit, or than there was memory for.
  /// @return true if earlier bytes were dropped from out_text()
  bool out_truncated() const noexcept { return summary_.out.truncated; }

  /// Tells whether standard error was longer than capture::limit, or than there was memory for.
  /// @return true if earlier bytes were dropped from err_text()
  bool err_truncated() const noexcept { return summary_.err.truncated; }

  /// Returns the promises of options::sandbox that did not hold, each with the cause. With
  /// enforcement::strict the child has not run then.
  /// @return the gaps; none without a sandbox
  const std::vector<std::string>& gaps() const noexcept { return summary_.gaps; }

 protected:
  /// @cond
  ISOLATTE_DECL outcome_base() noexcept;
  ISOLATTE_DECL outcome_base(run_summary&& summary, std::exception_ptr&& exception) noexcept;

  ISOLATTE_DECL static run_summary returned_summary(run_summary&& rest) noexcept;
  ISOLATTE_DECL static run_summary threw_summary(run_summary&& rest) noexcept;
  ISOLATTE_DECL static run_summary exited_summary(int code, run_summary&& rest) noexcept;
  ISOLATTE_DECL static run_summary signal_summary(int signal, run_summary&& rest) noexcept;
  ISOLATTE_DECL static outcome_base refused(const boost::system::error_code& why,
                                            run_summary&& rest);

  ISOLATTE_DECL std::exception_ptr reason_for_no_value() const;
  [[noreturn]] ISOLATTE_DECL void throw_instead_of_value() const;
  /// @endcond

 private:
  friend detail::outcome_access;
  friend ISOLATTE_DECL std::ostream& operator<<(std::ostream& os, const outcome_base& what);

  run_summary summary_;
  std::exception_ptr exception_;
};

/// Holds the result of one callable in a child process: its value, its exception, or the way in
/// which the child ended without either.
///
/// @code
/// isolatte::outcome<int> const result = isolatte::fork(count_words);
/// if (result)
///   std::cout << *result << " words\n";
/// else if (result.how() == isolatte::ending::timed_out)
///   std::cout << "took too long\n";
/// else
///   std::cerr << result << '\n';  // "faulted: SIGSEGV at 0x0 (pid 4711, 1.2 ms, 3 MiB)"
/// @endcode
///
/// A value is there if how() is ending::returned. A value is there, too, if it had arrived before
/// the status was lost, or before a polite stop took effect: nothing that arrived is thrown away.
///
/// A value of more than 4 KiB is kept on the heap: handlers and coroutines that pass an outcome on
/// need little stack. Such an outcome that has been moved from has no value.
///
/// The members that deal with the value mean what those of `std::expected<R, std::exception_ptr>`
/// do. There is no `==`: two runs are never the same. Compare values: `result && *result == 5`.
///
/// @tparam R the callable's decayed result, or void
///
/// @par Exception safety
/// Members that are not noexcept give the strong guarantee, if the operations of @p R and the
/// functions that are passed do. Moving an outcome throws only what moving @p R does. Making and
/// copying an outcome of a value of more than 4 KiB may throw `std::bad_alloc`.
/// @par Thread safety
/// Distinct objects: safe. Shared objects: safe for const members.
template <class R>
class [[nodiscard]] outcome : public outcome_base {
  struct nothing {};
  using stored = std::conditional_t<std::is_void_v<R>, nothing, R>;
  static constexpr bool is_void = std::is_void_v<R>;

 public:
  /// The type of the value.
  using value_type = R;
  /// The type of what is there if there is no value.
  using error_type = std::exception_ptr;

  /// Makes an outcome of nothing: ending::not_started.
  outcome() noexcept {}

  /// Makes the outcome of a callable that returned.
  /// @param value the value
  /// @param rest what else is to be known. Its `how` stands if it is not ending::not_started: a
  /// value can be there after another ending
  /// @return the outcome
  template <class T = stored>
    requires(!is_void && std::constructible_from<stored, T>)
  static outcome returned(T&& value, run_summary rest = {}) {
    outcome made{returned_summary(std::move(rest)), nullptr};
    made.value_.emplace(std::forward<T>(value));
    return made;
  }
  /// Makes the outcome of a callable that returned nothing.
  /// @param rest what else is to be known
  /// @return the outcome
  static outcome returned(run_summary rest = {})
    requires is_void
  {
    outcome made{returned_summary(std::move(rest)), nullptr};
    made.value_.emplace();
    return made;
  }

  /// Makes the outcome of a callable that threw.
  /// @param thrown the exception, or a `std::exception_ptr` to it
  /// @param rest what else is to be known
  /// @return the outcome, with ending::threw
  template <class E>
  static outcome threw(E thrown, run_summary rest = {}) {
    std::exception_ptr pointer;
    if constexpr (std::same_as<E, std::exception_ptr>)
      pointer = std::move(thrown);
    else
      pointer = std::make_exception_ptr(std::move(thrown));
    return outcome{threw_summary(std::move(rest)), std::move(pointer)};
  }

  /// Makes the outcome of a child that exited of itself.
  /// @param code the exit code, 0 to 255
  /// @param rest what else is to be known
  /// @return the outcome, with ending::exited
  static outcome exited(int code, run_summary rest = {}) {
    return outcome{exited_summary(code, std::move(rest)), nullptr};
  }

  /// Makes the outcome of a child that a signal ended.
  /// @param signal the signal's number
  /// @param rest what else is to be known
  /// @return the outcome, with ending::faulted, ending::killed or ending::signaled, as the signal
  /// has it
  static outcome ended_by_signal(int signal, run_summary rest = {}) {
    return outcome{signal_summary(signal, std::move(rest)), nullptr};
  }

  /// Makes the outcome of a run for which the system could not make a child.
  /// @param why the operation's error
  /// @param rest what else is to be known; its `reason` names the step that failed
  /// @return the outcome, with ending::not_started
  static outcome not_started(const boost::system::error_code& why, run_summary rest = {}) {
    return outcome{refused(why, std::move(rest))};
  }

  /// Makes an outcome of any ending, as it is described.
  ///
  /// @code
  /// auto const late = isolatte::outcome<int>::ended(
  ///     {.how = isolatte::ending::timed_out, .ran = isolatte::ran::yes, .signal = SIGKILL});
  /// @endcode
  ///
  /// @param all what is to be known
  /// @param exception what exception() is to be
  /// @return the outcome, without a value
  static outcome ended(run_summary all, std::exception_ptr exception = nullptr) {
    return outcome{std::move(all), std::move(exception)};
  }

  /// Tells whether a value is there; for void, whether the callable returned.
  /// @return true if value() does not throw
  explicit operator bool() const noexcept { return value_.has_value(); }
  /// Tells whether a value is there; for void, whether the callable returned.
  /// @return true if value() does not throw
  bool has_value() const noexcept { return value_.has_value(); }

  /// Returns the value.
  /// @return what the callable returned
  /// @throws the callable's own exception if it threw one
  /// @throws abnormal_end otherwise, naming what happened
  decltype(auto) value() & { return get<stored&>(*this); }
  /// @copydoc value()
  decltype(auto) value() const& { return get<const stored&>(*this); }
  /// @copydoc value()
  decltype(auto) value() && { return get<stored&&>(std::move(*this)); }

  /// Returns the value. The behaviour is undefined unless has_value().
  /// @return what the callable returned
  decltype(auto) operator*() & noexcept { return unchecked(*this); }
  /// @copydoc operator*()
  decltype(auto) operator*() const& noexcept { return unchecked(*this); }
  /// @copydoc operator*()
  decltype(auto) operator*() && noexcept { return unchecked(std::move(*this)); }

  /// Accesses a member of the value. The behaviour is undefined unless has_value().
  /// @return a pointer to the value
  stored* operator->() noexcept
    requires(!is_void)
  {
    return std::addressof(*value_);
  }
  /// @copydoc operator->()
  const stored* operator->() const noexcept
    requires(!is_void)
  {
    return std::addressof(*value_);
  }

  /// Returns what value() throws.
  /// @return null if there is a value; otherwise the exception, or an @ref abnormal_end if the
  /// child produced none
  std::exception_ptr error() const { return value_ ? nullptr : reason_for_no_value(); }

  /// Returns the value, or another if there is none.
  /// @param other what to give instead; must convert to the value's type implicitly
  /// @return the value or @p other
  template <class U = stored>
    requires(!is_void && std::convertible_to<U, stored>)
  stored value_or(U&& other) const& {
    return value_ ? *value_ : static_cast<stored>(std::forward<U>(other));
  }
  /// Returns the value, moved out, or another if there is none.
  /// @param other what to give instead; must convert to the value's type implicitly
  /// @return the value or @p other
  template <class U = stored>
    requires(!is_void && std::convertible_to<U, stored>)
  stored value_or(U&& other) && {
    return value_ ? std::move(*value_) : static_cast<stored>(std::forward<U>(other));
  }

  /// Goes on with a value by what may fail as well.
  /// @param f called with the value, or without arguments if R is void; returns an outcome
  /// @return what @p f returns; without a value, an outcome of that type that tells what this one
  /// does
  template <class F>
  auto and_then(F&& f) & {
    return chain(*this, std::forward<F>(f));
  }
  /// @copydoc and_then
  template <class F>
  auto and_then(F&& f) const& {
    return chain(*this, std::forward<F>(f));
  }
  /// @copydoc and_then
  template <class F>
  auto and_then(F&& f) && {
    return chain(std::move(*this), std::forward<F>(f));
  }

  /// Replaces the value, and keeps all else that is known of the child.
  /// @param f called with the value, or without arguments if R is void
  /// @return an outcome of the decayed result of @p f, or of void
  template <class F>
  auto transform(F&& f) & {
    return map(*this, std::forward<F>(f));
  }
  /// @copydoc transform
  template <class F>
  auto transform(F&& f) const& {
    return map(*this, std::forward<F>(f));
  }
  /// @copydoc transform
  template <class F>
  auto transform(F&& f) && {
    return map(std::move(*this), std::forward<F>(f));
  }

  /// Goes on without a value by another way to get one.
  /// @param f called with error(); returns an outcome of this type
  /// @return this outcome if it has a value, else what @p f returns
  template <class F>
  outcome or_else(F&& f) const& {
    return otherwise(*this, std::forward<F>(f));
  }
  /// @copydoc or_else
  template <class F>
  outcome or_else(F&& f) && {
    return otherwise(std::move(*this), std::forward<F>(f));
  }

 private:
  template <class>
  friend class outcome;
  friend detail::outcome_access;

  outcome(run_summary&& all, std::exception_ptr&& exception) noexcept
      : outcome_base{std::move(all), std::move(exception)} {}
  explicit outcome(outcome_base&& all) noexcept : outcome_base{std::move(all)} {}
  explicit outcome(const outcome_base& all) : outcome_base{all} {}

  template <class T, class Self>
  static std::conditional_t<is_void, void, T> get(Self&& self) {
    if (!self.value_) self.throw_instead_of_value();
    if constexpr (!is_void) return *std::forward<Self>(self).value_;
  }

  template <class Self>
  static decltype(auto) unchecked([[maybe_unused]] Self&& self) noexcept {
    if constexpr (!is_void) return *std::forward<Self>(self).value_;
  }

  template <class F, class Self>
  static decltype(auto) pass_value(F&& f, [[maybe_unused]] Self&& self) {
    if constexpr (is_void)
      return std::invoke(std::forward<F>(f));
    else
      return std::invoke(std::forward<F>(f), *std::forward<Self>(self).value_);
  }

  template <class Self>
  static auto&& base_of(Self&& self) noexcept {
    if constexpr (std::is_lvalue_reference_v<Self>)
      return static_cast<const outcome_base&>(self);
    else
      return static_cast<outcome_base&&>(self);
  }

  template <class Self, class F>
  static auto chain(Self&& self, F&& f) {
    using next =
        std::remove_cvref_t<decltype(pass_value(std::forward<F>(f), std::forward<Self>(self)))>;
    static_assert(
        detail::is_outcome<next>,
        "isolatte: and_then takes a function that returns an outcome; transform takes one "
        "that returns a value");
    if constexpr (detail::is_outcome<next>) {
      if (!self.value_) return next{base_of(std::forward<Self>(self))};
      return static_cast<next>(pass_value(std::forward<F>(f), std::forward<Self>(self)));
    }
  }

  template <class Self, class F>
  static auto map(Self&& self, F&& f) {
    using result = std::decay_t<decltype(pass_value(std::forward<F>(f), std::forward<Self>(self)))>;
    using next = outcome<result>;
    if (!self.value_) return next{base_of(std::forward<Self>(self))};
    if constexpr (std::is_void_v<result>) {
      pass_value(std::forward<F>(f), std::forward<Self>(self));
      next made{base_of(std::forward<Self>(self))};
      made.value_.emplace();
      return made;
    } else {
      // Nothing is moved before the function has returned, since it may throw.
      next made;
      detail::emplace_result(made.value_, [&]() -> result {
        return static_cast<result>(pass_value(std::forward<F>(f), std::forward<Self>(self)));
      });
      static_cast<outcome_base&>(made) = base_of(std::forward<Self>(self));
      return made;
    }
  }

  template <class Self, class F>
  static outcome otherwise(Self&& self, F&& f) {
    static_assert(
        std::same_as<std::remove_cvref_t<std::invoke_result_t<F, std::exception_ptr>>, outcome>,
        "isolatte: or_else takes a function of a std::exception_ptr that returns an outcome "
        "of the same type");
    if (self.value_) return std::forward<Self>(self);
    return std::invoke(std::forward<F>(f), self.error());
  }

  detail::value_place<stored> value_;
};

}  // namespace isolatte::inline v0_1

#endif
