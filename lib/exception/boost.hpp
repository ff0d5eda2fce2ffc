// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_LIB_EXCEPTION_BOOST_HPP
#define ISOLATTE_LIB_EXCEPTION_BOOST_HPP

#include "exception/record.hpp"

#include <boost/exception/exception.hpp>

#include <string>

namespace isolatte::inline v0_1::detail {

struct boost_storage {
  std::string infos;
};

/// Finds where the exception was thrown, and its boost::error_info objects. Invalidates the text
/// that boost::diagnostic_information_what() gave before.
boost_parts collect_boost(const boost::exception& object, boost_storage& storage);

void restore_boost(boost::exception& object, const boost_parts& parts);

/// The text of boost::diagnostic_information() in the child.
std::string diagnostics_of(const exception_link& link);

}  // namespace isolatte::inline v0_1::detail

#endif
