// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_LIB_POOL_WAIT_LIST_HPP
#define ISOLATTE_LIB_POOL_WAIT_LIST_HPP

#include "supervise/pending_handler.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/system/error_code.hpp>

#include <algorithm>
#include <cstdint>
#include <list>
#include <utility>

namespace isolatte::inline v0_1::pool {

/// Waits of the pool's users until something is so, which a cancellation can end. Adding one
/// allocates nothing.
class wait_list {
 public:
  struct wait {
    /// Another one for each wait of the pool.
    std::uint64_t number;
    supervise::basic_pending_handler<boost::system::error_code> handler;
  };

  bool empty() const noexcept { return waits_.empty(); }
  void take(std::list<wait>& from) noexcept { waits_.splice(waits_.end(), from); }
  /// Completes all of them, from the event loop.
  void complete(const boost::asio::any_io_executor& loop, const boost::system::error_code& ec) {
    for (auto& each : std::exchange(waits_, {})) std::move(each.handler).complete_later(loop, ec);
  }
  /// Completes one of them, if it is there.
  void complete(std::uint64_t number, const boost::asio::any_io_executor& loop,
                const boost::system::error_code& ec) {
    auto const place = std::find_if(waits_.begin(), waits_.end(),
                                    [number](const wait& each) { return each.number == number; });
    if (place == waits_.end()) return;
    std::move(place->handler).complete_later(loop, ec);
    waits_.erase(place);
  }
  void clear() noexcept { waits_.clear(); }

 private:
  std::list<wait> waits_;
};

}  // namespace isolatte::inline v0_1::pool

#endif
