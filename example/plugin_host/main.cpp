// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

// usage: plugin_host [TEXT...]
// Has a plugin transform texts. The plugin lives in a sandboxed process of its own, with the state
// that the plugin keeps. After a crash the host goes on with a fresh one.

#include "plugin.hpp"

#include <isolatte.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/this_coro.hpp>

#include <chrono>
#include <exception>
#include <filesystem>
#include <iostream>
#include <string>
#include <utility>
#include <vector>

namespace asio = boost::asio;
using namespace std::chrono_literals;

namespace {

//[host
plugin make_plugin(const std::filesystem::path& file) { return plugin{file}; }

asio::awaitable<void> transform(std::filesystem::path file, isolatte::sandbox box,
                                std::vector<std::string> texts) {
  auto const executor = co_await asio::this_coro::executor;
  isolatte::resident_options opts{.child = {.sandbox = std::move(box)}};
  isolatte::resident<plugin> guest{executor, isolatte::call(make_plugin, file), std::move(opts)};

  for (auto const& text : texts) {
    auto running = guest.async_call(isolatte::call(&plugin::transform, text), {.timeout = 10s},
                                    asio::as_tuple(asio::deferred));
    auto const [error, result] = co_await std::move(running);
    if (error)
      std::cout << "no plugin: " << error.message() << '\n';
    else if (result)
      std::cout << *result << '\n';
    else
      std::cout << "no result: " << result << '\n';
  }
}
//]

}  // namespace

int main(int count, char** arguments) {
  std::vector<std::string> texts{arguments + 1, arguments + count};
  if (texts.empty()) texts = {"Ada Lovelace", "Alan Turing", " ", "Grace Hopper"};
  auto const own = std::filesystem::read_symlink("/proc/self/exe");
  auto const file = own.parent_path() / "plugins" / "initials.so";
  auto const box = isolatte::sandbox::reader({file});
  for (auto const& gap : isolatte::sandbox_support().gaps(box)) {
    std::cout << gap << '\n';
    return 77;
  }

  asio::io_context context;
  asio::co_spawn(context, transform(file, box, texts), [](std::exception_ptr error) {
    if (error) std::rethrow_exception(error);
  });
  context.run();
}
