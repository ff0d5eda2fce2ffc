// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_DETAIL_TASK_OUTCOME_HANDLER_HPP
#define ISOLATTE_DETAIL_TASK_OUTCOME_HANDLER_HPP

#include <isolatte/config.hpp>
#include <isolatte/detail/archive/codec.hpp>
#include <isolatte/detail/vocabulary/report.hpp>
#include <isolatte/outcome.hpp>

#include <boost/asio/associator.hpp>
#include <boost/system/error_code.hpp>

#include <exception>
#include <optional>
#include <utility>

namespace isolatte::detail {

/// The exception that a run without a value leaves behind, if any: what its payload stands for, or
/// what the error code says. Makes the run undelivered when the payload is malformed.
ISOLATTE_DECL std::exception_ptr take_exception(const boost::system::error_code& ec, report& what);

/// Makes the run undelivered: its value's bytes proved malformed.
ISOLATTE_DECL std::exception_ptr refuse_value(run_summary& what, std::exception_ptr why);

template <class R>
struct outcome_maker {
  static outcome<R> make(report&& what) {
    byte_buffer const bytes = std::move(what.payload);
    std::optional<R> value;
    std::exception_ptr refusal;
    try {
      value.emplace(codec<R>::decode(bytes.bytes(), what.max_result));
    } catch (...) {
      refusal = refuse_value(what.summary, std::current_exception());
    }
    return {std::move(what.summary), std::move(refusal), std::move(value)};
  }
};

template <>
struct outcome_maker<void> {
  static outcome<void> make(report&& what) {
    if (what.payload.empty())
      return {std::move(what.summary), nullptr, outcome<void>::nothing_returned()};
    std::exception_ptr refusal = refuse_value(what.summary, nullptr);
    return {std::move(what.summary), std::move(refusal)};
  }
};

template <class R>
outcome<R> make_outcome(const boost::system::error_code& ec, report&& what) {
  if (what.kind == payload_kind::value) return outcome_maker<R>::make(std::move(what));
  std::exception_ptr thrown = take_exception(ec, what);
  return {std::move(what.summary), std::move(thrown)};
}

/// Decodes the value where the user's handler runs, behind the compiled operation.
template <class R, class Handler>
class outcome_handler {
 public:
  explicit outcome_handler(Handler handler) : handler_(std::move(handler)) {}

  void operator()(boost::system::error_code ec, report what) {
    outcome<R> result = make_outcome<R>(ec, std::move(what));
    std::move(handler_)(ec, std::move(result));
  }

  const Handler& inner() const noexcept { return handler_; }

 private:
  Handler handler_;
};

}  // namespace isolatte::detail

template <template <class, class> class Associator, class R, class Handler, class Default>
struct boost::asio::associator<Associator, isolatte::detail::outcome_handler<R, Handler>, Default>
    : Associator<Handler, Default> {
  static typename Associator<Handler, Default>::type get(
      const isolatte::detail::outcome_handler<R, Handler>& handler) noexcept {
    return Associator<Handler, Default>::get(handler.inner());
  }
  static auto get(const isolatte::detail::outcome_handler<R, Handler>& handler,
                  const Default& fallback) noexcept {
    return Associator<Handler, Default>::get(handler.inner(), fallback);
  }
};

#endif
