// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_DETAIL_TASK_OUTCOME_HANDLER_HPP
#define ISOLATTE_DETAIL_TASK_OUTCOME_HANDLER_HPP

#include <isolatte/detail/archive/codec.hpp>
#include <isolatte/detail/task/make_outcome.hpp>
#include <isolatte/detail/vocabulary/report.hpp>
#include <isolatte/outcome.hpp>

#include <boost/asio/associator.hpp>
#include <boost/system/error_code.hpp>

#include <utility>

namespace isolatte::detail {

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
