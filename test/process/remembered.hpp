// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_TEST_PROCESS_REMEMBERED_HPP
#define ISOLATTE_TEST_PROCESS_REMEMBERED_HPP

#include <isolatte/outcome.hpp>

#include <boost/system/error_code.hpp>

#include <utility>

namespace isolatte::inline v0_1::test {

/// Remembers with which arguments an operation completed, and how often.
template <class R>
struct remembered {
  int calls = 0;
  boost::system::error_code ec;
  outcome<R> what;

  /// The handler refers to this object, which has to outlive it.
  auto handler() {
    return [this](boost::system::error_code error, outcome<R> result) {
      ++calls;
      ec = error;
      what = std::move(result);
    };
  }
};

}  // namespace isolatte::inline v0_1::test

#endif
