// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

// usage: service [OPTION...]
// Examines files that people send, in sandboxed workers, and shows how that ends. `--help` lists
// the options.

#include "jobs/event_log.hpp"
#include "jobs/laboratory.hpp"
#include "settings.hpp"
#include "web/server.hpp"

#include <isolatte/prometheus_metrics.hpp>
#include <isolatte/sandbox.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <csignal>
#include <cstddef>
#include <exception>
#include <iostream>
#include <optional>
#include <utility>

#include <sysexits.h>

namespace asio = boost::asio;

namespace {

void rethrow(std::exception_ptr thrown) {
  if (thrown) std::rethrow_exception(thrown);
}

/// Waits for a signal to stop, and stops. A second signal ends the program at once, and its
/// children with it.
asio::awaitable<void> stop_at_signal(asio::io_context& context, service::server& served) {
  asio::signal_set signals{context, SIGINT, SIGTERM};
  auto arriving = signals.async_wait(asio::use_awaitable);
  co_await std::move(arriving);
  signals.clear();
  std::cout << "stopping" << std::endl;
  auto stopping = served.stop();
  std::size_t const left = co_await std::move(stopping);
  std::cout << "stopped; jobs cut short: " << left << std::endl;
}

int serve(const service::settings& given) {
  auto const gaps = isolatte::sandbox_support().gaps(isolatte::sandbox::pure());
  for (auto const& gap : gaps) std::cerr << "service: " << gap << '\n';
  if (!gaps.empty()) return EX_UNAVAILABLE;

  asio::io_context context{1};
  isolatte::prometheus_metrics const metrics;  // before the workers, which it counts
  service::event_log log{context.get_executor()};
  service::laboratory jobs{context, given, log};  // first, while there is nothing to see in it
  service::server served{context, given, jobs, log};
  served.add_metrics([&] { return metrics.text(); });
  if (!given.address.is_loopback())
    std::cerr << "service: other machines reach this, and it has no TLS and no users\n";
  std::cout << "listening on " << served.url() << std::endl;
  asio::co_spawn(context, served.run(), rethrow);
  asio::co_spawn(context, jobs.tick(), rethrow);
  asio::co_spawn(context, stop_at_signal(context, served), rethrow);
  context.run();
  return EX_OK;
}

}  // namespace

int main(int argc, char* argv[]) {
  std::optional<service::settings> given;
  try {
    given = service::parse(argc, argv);
  } catch (const std::exception& error) {
    std::cerr << "service: " << error.what() << "\nservice: --help lists the options\n";
    return EX_USAGE;
  }
  try {
    return given ? serve(*given) : EX_OK;
  } catch (const std::exception& error) {
    std::cerr << "service: " << error.what() << '\n';
    return EX_OSERR;
  }
}
