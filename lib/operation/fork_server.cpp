// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "launch/adapted_options.hpp"
#include "launch/launched.hpp"
#include "launch/template_group.hpp"
#include "supervise/pending_handler.hpp"
#include "vocabulary/errors.hpp"

#include <isolatte/fork_server.hpp>

#include <boost/system/system_error.hpp>

#include <optional>
#include <string>
#include <utility>

namespace isolatte::inline v0_1::detail {

using boost::system::error_code;

struct server_handle::implementation {
  boost::asio::any_io_executor executor;
  std::unique_ptr<launch::template_group> templates;
};

server_handle::server_handle(const boost::asio::any_io_executor& executor, fork_server_options opts)
    : implementation_{std::make_unique<implementation>()} {
  error_code ec;
  if (opts.templates == 0)
    throw boost::system::system_error{make_error_code(boost::system::errc::invalid_argument),
                                      "isolatte: a fork server without a template"};
  std::shared_ptr<launch::common_sandbox> around;
  if (opts.sandbox) {
    refusal why;
    around = std::make_shared<launch::common_sandbox>();
    around->box = std::move(*opts.sandbox);
    around->inherited = confine::inheritable_sandbox::plan(around->box, why);
    if (why) {
      std::string text = why.step;
      add_gaps(text, why.gaps);
      throw boost::system::system_error{why.ec, "isolatte: " + text};
    }
  }
  // The leash of a child ahead of need is a pipe, which children with such rights must not have.
  bool const suits_standby = !around || !around->inherited || !around->inherited->sets_attributes();
  auto const ahead =
      suits_standby ? launch::ahead_of_need::one_child : launch::ahead_of_need::nothing;
  implementation_->templates = launch::template_group::make(executor, opts.templates,
                                                            {.ahead = ahead,
                                                             .around = std::move(around),
                                                             .preload = std::move(opts.preload),
                                                             .huge_pages = opts.huge_pages},
                                                            ec);
  if (ec) throw boost::system::system_error{ec, "isolatte: starting the fork server"};
  implementation_->executor = executor;
}

server_handle::server_handle(server_handle&& other) noexcept = default;
server_handle& server_handle::operator=(server_handle&& other) noexcept = default;
server_handle::~server_handle() = default;

int server_handle::pid() const noexcept {
  return implementation_ ? implementation_->templates->pid() : 0;
}

fork_server_stats server_handle::stats() const noexcept {
  return implementation_ ? implementation_->templates->stats() : fork_server_stats{};
}

boost::asio::any_io_executor server_handle::get_executor() const noexcept {
  return implementation_->executor;
}

void server_handle::async_run(const remote_call& call, options&& given, report_handler handler) {
  // A deferred operation keeps its arguments until after the handler has run.
  options opts = std::move(given);
  if (auto changed = launch::adapted(opts)) opts = std::move(*changed);
  auto const& executor = implementation_->executor;
  refusal why{{}, "opening the child's streams"};
  std::shared_ptr<supervise::supervisor> run;
  try {
    run = supervise::supervisor::make(executor, opts, launch::template_process::streams,
                                      implementation_->templates->symboliser_for(opts), why.ec);
  } catch (...) {
    why.ec = error_of_caught();
  }
  if (why) return supervise::complete_refused(executor, std::move(handler), why);
  // The handler goes in before anything can happen to the run. If there is no memory for that, this
  // function throws.
  run->async_own(std::move(handler));
  why.step = "asking the fork server";
  try {
    implementation_->templates->launch(run, call, opts, launch::sandboxed::before_the_call, why.ec);
  } catch (...) {
    why.ec = error_of_caught();
  }
  if (why) run->fail(why.ec, why.step);
}

}  // namespace isolatte::inline v0_1::detail
