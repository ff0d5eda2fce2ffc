// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_DETAIL_OPERATION_ADAPTED_HANDLER_HPP
#define ISOLATTE_DETAIL_OPERATION_ADAPTED_HANDLER_HPP

#include <isolatte/detail/task/make_outcome.hpp>
#include <isolatte/detail/vocabulary/report.hpp>
#include <isolatte/outcome.hpp>

#include <boost/asio/associator.hpp>
#include <boost/system/errc.hpp>
#include <boost/system/error_code.hpp>

#include <new>
#include <type_traits>
#include <utility>
#include <vector>

namespace isolatte::inline v0_1::detail {

/// Calls a user's handler with what an adapter makes of the compiled operation's result.
///
/// Associated executors, allocators and cancellation slots are those of the user's handler.
///
/// @tparam Adapter called as `adapter(handler, args...)`, both as rvalues
template <class Adapter, class Handler>
class adapted_handler {
 public:
  template <class H>
  adapted_handler(Adapter adapter, H&& handler)
      : adapter_{std::move(adapter)}, handler_(std::forward<H>(handler)) {}

  template <class... Args>
  void operator()(Args&&... args) {
    std::move(adapter_)(std::move(handler_), std::forward<Args>(args)...);
  }

  const Handler& inner() const noexcept { return handler_; }

 private:
  [[no_unique_address]] Adapter adapter_;
  Handler handler_;
};

template <class Adapter, class Handler>
adapted_handler(Adapter, Handler&&) -> adapted_handler<Adapter, std::decay_t<Handler>>;

/// Decodes the value on the executor of the user's handler, after the operation has ended.
template <class R>
struct deliver_outcome {
  template <class Handler>
  void operator()(Handler&& handler, const boost::system::error_code& ec, report&& what) const {
    std::move(handler)(ec, make_outcome<R>(ec, std::move(what)));
  }
};

/// The same for several runs.
template <class R>
struct deliver_all_outcomes {
  template <class Handler>
  void operator()(Handler&& handler, const boost::system::error_code& ec,
                  std::vector<told_report>&& all) const {
    std::vector<outcome<R>> outcomes;
    try {
      outcomes.reserve(all.size());
    } catch (const std::bad_alloc&) {
      // A handler that is never called would be waited for without end.
      return std::move(handler)(make_error_code(boost::system::errc::not_enough_memory),
                                std::move(outcomes));
    }
    for (auto& each : all) outcomes.push_back(make_outcome<R>(each.ec, std::move(each.what)));
    std::move(handler)(ec, std::move(outcomes));
  }
};

}  // namespace isolatte::inline v0_1::detail

template <template <class, class> class Associator, class Adapter, class Handler, class Default>
struct boost::asio::associator<Associator, isolatte::detail::adapted_handler<Adapter, Handler>,
                               Default> : Associator<Handler, Default> {
  static typename Associator<Handler, Default>::type get(
      const isolatte::detail::adapted_handler<Adapter, Handler>& handler) noexcept {
    return Associator<Handler, Default>::get(handler.inner());
  }
  static auto get(const isolatte::detail::adapted_handler<Adapter, Handler>& handler,
                  const Default& fallback) noexcept {
    return Associator<Handler, Default>::get(handler.inner(), fallback);
  }
};

#endif
