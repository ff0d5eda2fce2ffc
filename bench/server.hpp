// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_BENCH_SERVER_HPP
#define ISOLATTE_BENCH_SERVER_HPP

#include <isolatte/fork_server.hpp>

#include <boost/asio/io_context.hpp>

#include <algorithm>
#include <thread>

struct early_servers {
  boost::asio::io_context context{1};
  isolatte::fork_server plain{context};
  isolatte::fork_server sandboxed{context, {.sandbox = isolatte::sandbox::pure()}};
  isolatte::fork_server parallel{context,
                                 {.templates = std::max(1U, std::thread::hardware_concurrency())}};
};

/// Set by main() while the program is small, because a server keeps the size of that moment.
extern early_servers* early;

/// Runs one job in a child of the server.
void serve_one(isolatte::fork_server& server);

#endif
