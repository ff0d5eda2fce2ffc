// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_DETAIL_TASK_MAKE_OUTCOME_HPP
#define ISOLATTE_DETAIL_TASK_MAKE_OUTCOME_HPP

#include <isolatte/config.hpp>
#include <isolatte/detail/task/value_place.hpp>
#include <isolatte/detail/vocabulary/report.hpp>
#include <isolatte/outcome.hpp>

#include <boost/system/error_code.hpp>

#include <exception>
#include <type_traits>
#include <utility>

namespace isolatte::inline v0_1::detail {

/// Declared only, so that an outcome of void can be had without the archives. Operations that
/// return values include <isolatte/detail/archive/codec.hpp>.
template <class R>
class codec;

/// Makes outcomes of reports.
struct outcome_access {
  /// Takes all but the value out of @p what. Decodes the exception, if its payload is one.
  ISOLATTE_DECL static outcome_base take_end(const boost::system::error_code& ec, report& what);

  /// Makes the run undelivered, if it has ended well so far.
  /// @param of the report of the run
  /// @param why what decoding its value threw, or null
  ISOLATTE_DECL static void refuse_value(outcome_base& what, const report& of,
                                         std::exception_ptr why) noexcept;

  template <class R>
  static outcome<R> make(const boost::system::error_code& ec, report&& given) {
    // The caller keeps an empty report: the payload is freed before a handler is called.
    report what = std::move(given);
    outcome<R> made{take_end(ec, what)};
    if (what.kind != payload_kind::value) return made;
    if constexpr (std::is_void_v<R>) {
      if (what.payload.empty())
        made.value_.emplace();
      else
        refuse_value(made, what, nullptr);
    } else {
      try {
        emplace_result(made.value_,
                       [&] { return codec<R>::decode(what.payload.bytes(), what.max_result); });
      } catch (...) {
        refuse_value(made, what, std::current_exception());
      }
    }
    return made;
  }
};

/// Makes the outcome that an operation completes with.
/// @param ec the operation's error
/// @param what all that is known of the run; empty afterwards
template <class R>
outcome<R> make_outcome(const boost::system::error_code& ec, report&& what) {
  return outcome_access::make<R>(ec, std::move(what));
}

}  // namespace isolatte::inline v0_1::detail

#endif
