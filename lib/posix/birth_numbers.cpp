// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "posix/birth_numbers.hpp"

#include <bit>

namespace isolatte::inline v0_1::posix {

static_assert(birth_numbers::count == 64);

std::shared_ptr<birth_numbers> birth_numbers::make(descriptor& file,
                                                   boost::system::error_code& ec) {
  auto page = shared_page<birth_number_data>::make_file(file, ec);
  if (ec) return nullptr;
  return std::make_shared<birth_numbers>(std::move(page));
}

birth_numbers::place birth_numbers::take() noexcept {
  std::uint64_t seen = taken_;
  for (;;) {
    int const first = std::countr_one(seen);
    if (first == static_cast<int>(count)) return {};
    if (!taken_.compare_exchange_weak(seen, seen | std::uint64_t{1} << first)) continue;
    page_->numbers[static_cast<std::size_t>(first)] = 0;
    return {shared_from_this(), static_cast<std::uint16_t>(first)};
  }
}

}  // namespace isolatte::inline v0_1::posix
