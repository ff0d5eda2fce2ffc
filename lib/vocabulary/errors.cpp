// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "vocabulary/errors.hpp"

#include <boost/system/errc.hpp>
#include <boost/system/system_error.hpp>

#include <new>
#include <system_error>

namespace isolatte::inline v0_1::detail {

boost::system::error_code error_of_caught() {
  try {
    throw;
  } catch (const std::bad_alloc&) {
    return make_error_code(boost::system::errc::not_enough_memory);
  } catch (const boost::system::system_error& error) {
    return error.code();
  } catch (const std::system_error& error) {
    // Boost's error_code would give a number of its own for a code of the standard library.
    std::error_code const& code = error.code();
    if (code.category() != std::system_category() && code.category() != std::generic_category())
      return code;
    return {code.value(), boost::system::system_category()};
  }
}

void give_reason(std::string& reason, const char* words) noexcept try {
  reason = words;
} catch (const std::bad_alloc&) {
  reason.clear();
}

void give_gaps(std::vector<std::string>& to, const std::vector<std::string>& gaps) noexcept try {
  to = gaps;
} catch (const std::bad_alloc&) {
  to.clear();
}

void add_gaps(std::string& reason, const std::vector<std::string>& gaps) noexcept try {
  for (auto const& gap : gaps) {
    reason += &gap == &gaps.front() ? ": " : "; ";
    reason += gap;
  }
} catch (const std::bad_alloc&) {
}

bool would_block(const boost::system::error_code& ec) noexcept {
  return ec == boost::system::errc::resource_unavailable_try_again ||
         ec == boost::system::errc::operation_would_block;
}

}  // namespace isolatte::inline v0_1::detail
