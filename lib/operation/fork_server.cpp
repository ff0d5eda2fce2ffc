// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "launch/adapted_options.hpp"
#include "launch/launched.hpp"
#include "launch/template_group.hpp"
#include "operation/server_templates.hpp"
#include "operation/supervised_run.hpp"
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
  std::shared_ptr<launch::template_group> templates;
};

std::shared_ptr<launch::template_group> templates_of(const server_handle& server) noexcept {
  return server.implementation_->templates;
}

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

namespace {

/// Makes the run of a call.
std::shared_ptr<supervise::supervisor> make_run(const boost::asio::any_io_executor& executor,
                                                launch::template_group& templates,
                                                const options& opts, talk_wish wish,
                                                refusal& why) noexcept {
  why.step = "opening the child's streams";
  supervise::observed_job observed{launcher::fork_server};
  std::shared_ptr<supervise::supervisor> run;
  try {
    run = supervise::supervisor::make(executor, opts, launch::template_process::streams,
                                      templates.symboliser_for(opts), std::move(wish), why.ec);
  } catch (...) {
    why.ec = error_of_caught();
  }
  if (why) {
    auto report = supervise::not_started(why);
    observed.completed(why.ec, report);
  } else {
    run->observe(std::move(observed));
  }
  return run;
}

/// Asks for the child of a run.
void ask(launch::template_group& templates, const std::shared_ptr<supervise::supervisor>& run,
         const remote_call& call, const options& opts) {
  error_code ec;
  try {
    templates.launch(run, call, opts, launch::sandboxed::before_the_call, ec);
  } catch (...) {
    ec = error_of_caught();
  }
  if (ec) run->fail(ec, "asking the fork server");
}

/// The options as they hold. A deferred operation keeps its arguments until after the handler has
/// run, so they are taken out of it.
options taken(options&& given) {
  options opts = std::move(given);
  if (auto changed = launch::adapted(opts)) opts = std::move(*changed);
  return opts;
}

}  // namespace

void server_handle::async_run(const remote_call& call, options&& given, report_handler handler) {
  options const opts = taken(std::move(given));
  auto const& executor = implementation_->executor;
  auto& templates = *implementation_->templates;
  refusal why;
  auto const run = make_run(executor, templates, opts, call.talk, why);
  if (why) return supervise::complete_refused(executor, std::move(handler), why);
  // The handler goes in before anything can happen to the run. If there is no memory for that, this
  // function throws.
  run->async_own(std::move(handler));
  ask(templates, run, call, opts);
}

run_handle server_handle::spawn(const remote_call& call, options&& given) {
  options opts = taken(std::move(given));
  // The handle's owner wants the child's end, not just its result.
  opts.early = false;
  auto& templates = *implementation_->templates;
  auto body = std::make_unique<supervised_run>(implementation_->executor);
  refusal why;
  auto const run = make_run(implementation_->executor, templates, opts, call.talk, why);
  if (why) {
    body->refuse(std::move(why));
  } else {
    body->hold(run);
    ask(templates, run, call, opts);
  }
  return run_handle{std::move(body)};
}

}  // namespace isolatte::inline v0_1::detail
