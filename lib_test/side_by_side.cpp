// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "side_by_side.hpp"

#include "case_run.hpp"
#include "next_cases.hpp"
#include "system.hpp"
#include "text.hpp"

#include <isolatte/async_fork.hpp>
#include <isolatte/on_message.hpp>

#include <boost/asio/io_context.hpp>
#include <boost/system/error_code.hpp>
#include <boost/test/tree/test_unit.hpp>

#include <algorithm>
#include <cstdint>
#include <iostream>
#include <map>
#include <ostream>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace isolatte::inline v0_1::test {

namespace ut = boost::unit_test;

namespace {

/// One of the streams of a case, which is kept in a file until the case is reported.
class kept_output {
 public:
  explicit kept_output(std::ostream& to) : to_{to} {}

  /// Gives the child the file, if it would have had the stream of the program.
  void keep(sink& where) {
    if (!std::holds_alternative<inherit_t>(where)) return;
    file_ = std::make_unique<output_file>();
    where = to_fd{file_->fd()};
  }
  /// Writes what the child has written up to a place; -1 for all.
  void show(std::int64_t up_to) {
    if (!file_) return;
    std::string const text = file_->read(shown_, up_to);
    shown_ += static_cast<std::int64_t>(text.size());
    to_ << text << std::flush;
  }

 private:
  std::ostream& to_;
  std::unique_ptr<output_file> file_;
  std::int64_t shown_ = 0;
};

struct started_case {
  std::shared_ptr<case_notes> notes = std::make_shared<case_notes>();
  std::vector<event> events;
  kept_output out{std::cout};
  kept_output err{std::cerr};
  std::optional<outcome<void>> end;
};

}  // namespace

struct side_by_side::state {
  // A case that has been reported is null.
  std::map<ut::test_unit_id, std::shared_ptr<started_case>> started;
  std::size_t running = 0;
  case_order const order;
  boost::asio::io_context context;
};

side_by_side& side_by_side::instance() {
  static side_by_side the_one;
  return the_one;
}

side_by_side::side_by_side() = default;
side_by_side::~side_by_side() = default;

void side_by_side::configure(std::size_t jobs) { jobs_ = jobs; }

void side_by_side::run(const isolated_case& which, options how) {
  if (!state_) state_ = std::make_unique<state>();
  state& all = *state_;

  auto const start = [&all](const isolated_case& what, options with) {
    auto const one = std::make_shared<started_case>();
    one->out.keep(with.out);
    one->err.keep(with.err);
    with.message_window = options{}.message_window;
    flush_log();
    async_fork(all.context,
               on_message(body_of(what, one->notes, telling::ahead),
                          [one](event happened) { one->events.push_back(std::move(happened)); }),
               std::move(with), [one, &all](boost::system::error_code, outcome<void> end) {
                 one->end.emplace(std::move(end));
                 --all.running;
               });
    ++all.running;
    all.started.emplace(what.id, one);
  };

  if (!all.started.contains(which.id)) start(which, std::move(how));
  std::vector<const isolated_case*> next = all.order.after(which);
  // A fixture has left a context for the next entry of the log, and this case may have it.
  if (!context_frames().empty()) next.clear();
  std::shared_ptr<started_case> const current = all.started.at(which.id);
  for (;;) {
    for (const isolated_case* const candidate : next) {
      if (all.running >= jobs_) break;
      if (!all.started.contains(candidate->id)) start(*candidate, *candidate->how);
    }
    if (current->end) break;
    all.context.restart();
    all.context.run_one();
  }

  all.started.at(which.id).reset();
  replay to{which.how->limits};
  for (const event& happened : current->events) {
    current->out.show(happened.out_at);
    current->err.show(happened.err_at);
    to.repeat(happened);
  }
  current->out.show(-1);
  current->err.show(-1);
  report_end(which, *current->end, *current->notes, to);
}

void side_by_side::drop_all() { state_.reset(); }

}  // namespace isolatte::inline v0_1::test
