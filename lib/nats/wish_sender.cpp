// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "nats/wish_sender.hpp"

#include "nats/link/memory.hpp"
#include "nats/wire/request.hpp"

#include <isolatte/detail/vocabulary/byte_buffer.hpp>

#include <algorithm>
#include <utility>

namespace isolatte::inline v0_1::nats {

wish_sender::wish_sender(link::server_link& through, std::string subject, std::string submitter)
    : link_{through}, subject_{std::move(subject)}, submitter_{std::move(submitter)} {}

void wish_sender::tell(std::uint64_t job, logic::wish what) {
  link::until_memory([&] { to_tell_[static_cast<std::size_t>(what)].push_back(job); });
}

void wish_sender::flush() {
  for (std::size_t i = 0; i != to_tell_.size(); ++i) {
    auto const all = std::exchange(to_tell_[i], {});
    if (!link_.is_up()) continue;
    for (std::size_t at = 0; at < all.size(); at += wire::most_in_request) {
      auto const end = std::min(all.size(), at + wire::most_in_request);
      wire::request what;
      what.submitter = submitter_;
      what.wish = static_cast<logic::wish>(i);
      what.numbers.assign(all.begin() + static_cast<std::ptrdiff_t>(at),
                          all.begin() + static_cast<std::ptrdiff_t>(end));
      isolatte::detail::byte_buffer bytes;
      wire::encode(what, bytes);
      static_cast<void>(link_.publish(subject_, {}, {}, bytes.bytes()));
    }
  }
}

void wish_sender::say_farewell() noexcept {
  link::if_memory([this] {
    wire::request what;
    what.submitter = submitter_;
    what.what = wire::request::subject::submitter;
    isolatte::detail::byte_buffer bytes;
    wire::encode(what, bytes);
    static_cast<void>(link_.publish(subject_, {}, {}, bytes.bytes()));
  });
}

}  // namespace isolatte::inline v0_1::nats
