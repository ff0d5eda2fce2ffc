// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_TEST_PROCESS_RUN_IN_SERVER_HPP
#define ISOLATTE_TEST_PROCESS_RUN_IN_SERVER_HPP

#include "remembered.hpp"

#include <isolatte/call.hpp>
#include <isolatte/fork_server.hpp>

#include <boost/asio/io_context.hpp>
#include <boost/test/unit_test.hpp>

#include <utility>

namespace isolatte::inline v0_1::test {

/// Runs one operation of a server, and the loop until nothing is left to do.
template <class Call>
auto run(fork_server& server, boost::asio::io_context& context, Call fn, options opts = {}) {
  remembered<result_of<Call>> done;
  server.async_fork(std::move(fn), std::move(opts), done.handler());
  context.restart();
  context.run();
  BOOST_TEST(done.calls == 1);
  return done;
}

}  // namespace isolatte::inline v0_1::test

#endif
