// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "launch/fork.hpp"
#include "launch/symboliser.hpp"
#include "operation/supervised_run.hpp"
#include "supervise/pending_handler.hpp"
#include "vocabulary/errors.hpp"

#include <isolatte/detail/operation/operation.hpp>
#include <isolatte/error.hpp>

#include <boost/asio/io_context.hpp>

#include <exception>
#include <optional>
#include <thread>
#include <utility>

namespace isolatte::inline v0_1::detail {

namespace asio = boost::asio;
using boost::system::error_code;

namespace {

supervise::symbolise_function symboliser_for(const options& opts) {
  if (!opts.fault_report) return nullptr;
  return launch::symbolise_by_fork;
}

}  // namespace

void async_run(const asio::any_io_executor& executor, child_task& task, options&& opts,
               talk_wish&& wish, report_handler handler) {
  launch::launched child =
      launch::fork(executor, task, opts, symboliser_for(opts), std::move(wish), std::move(handler));
  // Released first: another thread may call the handler before this one returns.
  task.release();
  opts = {};
  child.begin_or_refuse(executor);
}

error_code run(child_task& task, options&& opts, talk_wish&& wish, report& result) {
  struct answer {
    bool done = false;
    error_code ec;
    report what;
  };
  bool const early = opts.early;
  auto const context = std::make_shared<asio::io_context>(1);
  auto const given = std::make_shared<answer>();
  async_run(context->get_executor(), task, std::move(opts), std::move(wish),
            [given](const error_code& ec, report what) {
              given->ec = ec;
              given->what = std::move(what);
              given->done = true;
            });
  while (!given->done && context->run_one() != 0) {
  }
  result = std::move(given->what);
  // The child is still to be reaped, by a loop that outlives this call.
  if (early) context->poll();
  if (early && !context->stopped()) {
    try {
      std::thread{[context] { context->run(); }}.detach();
    } catch (const std::exception&) {
      // No thread can be made. The child is being killed, so this takes no longer than that.
      context->run();
    }
  }
  return given->ec;
}

run_handle spawn(const asio::any_io_executor& executor, child_task& task, options&& opts,
                 talk_wish&& wish) {
  // The handle's owner wants the child's end, not just its result.
  opts.early = false;
  auto run = std::make_unique<supervised_run>(executor);
  launch::launched child =
      launch::fork(executor, task, opts, symboliser_for(opts), std::move(wish));
  if (child.refused) {
    run->refuse(std::move(child.refused));
  } else {
    run->hold(child.supervisor);
    child.begin();
  }
  return run_handle{std::move(run)};
}

}  // namespace isolatte::inline v0_1::detail
