// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "world.hpp"

#include "allocations.hpp"
#include "processes.hpp"

#include <isolatte/sandbox.hpp>

#include <boost/asio/strand.hpp>

#include <chrono>
#include <exception>
#include <string>

namespace soak {

namespace asio = boost::asio;
using namespace std::chrono_literals;

namespace {

isolatte::pool_options warm_options() {
  isolatte::pool_options opts;
  opts.workers = 3;
  opts.worker.out = isolatte::capture{.limit = warm_out_limit};
  opts.worker.err = isolatte::capture{.limit = warm_err_limit};
  opts.worker.fault_report = false;
  opts.worker.max_result = 150'000;
  opts.recycle.age = 700ms;
  return opts;
}

isolatte::pool_options fresh_options() {
  isolatte::pool_options opts;
  opts.workers = 2;
  opts.max_jobs_per_worker = 1;
  opts.preload = load_state;
  opts.worker.out = isolatte::discard;
  opts.worker.max_result = 150'000;
  return opts;
}

isolatte::pool_options placed_options() {
  isolatte::pool_options opts;
  opts.max_jobs_per_worker = 40;
  opts.max_queued = 12;
  opts.max_worker_memory = std::uint64_t{512} << 20;
  opts.idle_timeout = 200ms;
  opts.initializer = load_state;
  opts.worker.out = isolatte::discard;
  opts.worker.fault_report = false;
  opts.worker.max_result = 150'000;
  opts.recycle.healthy = [] { return true; };
  opts.slots = {{.environment = {{"SOAK_SLOT", "0"}}}, {.environment = {{"SOAK_SLOT", "1"}}}};
  opts.min_workers = 1;
  // Workers that are ended at random must not make the pool give up.
  opts.startup.backoff_min = 1ms;
  opts.startup.backoff_max = 20ms;
  return opts;
}

isolatte::pool_options rough_options() {
  isolatte::pool_options opts;
  opts.workers = 2;
  opts.worker.out = isolatte::discard;
  opts.worker.fault_report = false;
  opts.worker.max_result = 150'000;
  return opts;
}

counter make_counter() { return {}; }

isolatte::resident_options resident_options() {
  isolatte::resident_options opts;
  opts.child.out = isolatte::discard;
  opts.child.fault_report = false;
  opts.child.max_result = 150'000;
  return opts;
}

}  // namespace

world::world(ledger& to, const settings& wanted, phase what, const abilities& can,
             const std::filesystem::path& scratch, incidents& incidents_of_round)
    // A strand cannot tell its caller that it had no memory. One thread needs none.
    : book{to},
      during{what},
      seen{incidents_of_round},
      threads_{what == phase::failing_allocations ? 1 : wanted.threads},
      scratch_{scratch},
      context_{std::make_unique<asio::io_context>(static_cast<int>(threads_))} {
  guard_.emplace(context_->get_executor());
  server.emplace(*context_);
  quiet_server.emplace(*context_);
  loaded_server.emplace(*context_,
                        isolatte::fork_server_options{.templates = 2, .preload = load_state});
  if (can.sandboxes)
    boxed_server.emplace(*context_,
                         isolatte::fork_server_options{.sandbox = isolatte::sandbox::pure()});
  warm_pool.emplace(*context_, warm_options());
  fresh_pool.emplace(*context_, fresh_options());
  placed_pool.emplace(*context_, placed_options());
  rough_pool.emplace(*context_, rough_options());
  resident.emplace(*context_, make_counter, resident_options());
  served_resident.emplace(*server, make_counter, resident_options());
  note_processes();
}

void world::note_processes() {
  for (int const pid : children()) book.note_process("the round itself", pid);
  book.note_process("server", server->pid());
  book.note_process("quiet_server", quiet_server->pid());
  book.note_process("loaded_server", loaded_server->pid());
  if (boxed_server) book.note_process("boxed_server", boxed_server->pid());
}

world::~world() {
  if (blocking) blocking->join();
  for (auto& thread : running_) thread.join();
  served_resident.reset();
  resident.reset();
  rough_pool.reset();
  placed_pool.reset();
  fresh_pool.reset();
  warm_pool.reset();
  boxed_server.reset();
  loaded_server.reset();
  quiet_server.reset();
  server.reset();
  context_.reset();
}

asio::any_io_executor world::serial() {
  if (threads_ == 1) return context_->get_executor();
  return asio::make_strand(*context_);
}

std::filesystem::path world::scratch(std::uint64_t index, const char* end) const {
  return scratch_ / (std::to_string(index) + end);
}

void world::work() {
  for (;;) {
    try {
      allocations_may_fail const fail;
      context_->run();
      return;
    } catch (const std::exception& error) {
      allocations_hold const hold;
      book.fail(std::string{"an exception left the event loop: "} + error.what());
    }
  }
}

void world::run() {
  blocking.emplace(2);
  for (std::size_t i = 0; i != threads_; ++i) running_.emplace_back([this] { work(); });
}

void world::finish() {
  for (auto* const pool : {&warm_pool, &fresh_pool, &placed_pool, &rough_pool}) (*pool)->stop();
  resident->stop();
  served_resident->stop();
  guard_.reset();
  for (auto& thread : running_) thread.join();
  running_.clear();
  blocking->join();
}

void world::abandon() {
  is_abandoned_ = true;
  context_->stop();
  for (auto& thread : running_) thread.join();
  running_.clear();
  blocking->join();
}

}  // namespace soak
