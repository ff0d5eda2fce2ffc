// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "job.hpp"

#include <isolatte/async_map.hpp>

#include <boost/asio/error.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace soak {

namespace {

using boost::system::error_code;
using isolatte::ending;

struct progress {
  std::size_t calls = 0;
  /// The first call that was wrong.
  std::string wrong{};
};

/// Whether an outcome stops a map that stops at the first failure.
bool is_failure(const isolatte::outcome<long>& got) {
  return !got && !got.success() && got.how() != ending::not_started &&
         got.how() != ending::cancelled;
}

std::string check_element(const plan& map, std::uint32_t nth, const isolatte::outcome<long>& got,
                          bool may_be_left_out, const witness& by) {
  if (may_be_left_out && (got.how() == ending::not_started || got.how() == ending::cancelled))
    return {};
  // The death of a server is an error of the element's, which the map keeps to itself.
  if (got.how() == ending::cancelled && map.disturbed()) return {};
  plan element = map;
  element.what = element_of(map, nth);
  return judge(element,
               {.ec = error_of(got),
                .what = got,
                .has_value = got.has_value(),
                .is_right = got && *got == value_of<long>(element.what)},
               by);
}

std::string check_progress(const plan& map, const error_code& ec, bool may_be_left_out,
                           const progress& told) {
  if (!told.wrong.empty()) return "wrong progress: " + told.wrong;
  if (told.calls > map.count) return "progress beyond the end";
  bool const is_whole = !ec && !may_be_left_out && !map.disturbed();
  return is_whole && told.calls != map.count ? "progress is missing" : "";
}

std::string check(const job& what, bool stops_on_error, const error_code& ec,
                  const std::vector<isolatte::outcome<long>>& all, const progress& told) {
  const plan& map = what.what;
  if (ec && !is_allowed(map, ec, what.in.seen)) return "an error that may not be: " + ec.message();
  if (all.size() != map.count) return "another number of outcomes";
  bool const is_aborted = ec == boost::asio::error::operation_aborted;
  bool const is_stopped = stops_on_error && std::any_of(all.begin(), all.end(), is_failure);
  bool const may_be_left_out = is_aborted || is_stopped || (ec && map.disturbed());
  for (std::uint32_t i = 0; i != map.count; ++i) {
    std::string const wrong = check_element(map, i, all[i], may_be_left_out, what.circumstances());
    if (!wrong.empty()) return "element " + std::to_string(i) + ": " + wrong;
  }
  return check_progress(map, ec, may_be_left_out, told);
}

template <class Where>
void launch_on(Where& where, const std::shared_ptr<job>& what) {
  std::vector<work> elements;
  for (std::uint32_t i = 0; i != what->what.count; ++i)
    elements.push_back(element_of(what->what, i));
  auto const told = std::make_shared<progress>();
  isolatte::map_options opts;
  opts.max_concurrency = what->what.variant % 4;
  opts.stop_on_error = what->what.variant % 5 == 0;
  opts.child.out = isolatte::discard;
  opts.child.timeout = what->what.timeout;
  opts.child.fault_report = false;
  opts.on_progress = [told, total = what->what.count](std::size_t done, std::size_t all) {
    allocations_hold const hold;
    if (++told->calls == done && all == total) return;
    told->wrong += std::to_string(done) + " of " + std::to_string(all) + " in call " +
                   std::to_string(told->calls) + "; ";
  };
  bool const stops = opts.stop_on_error;
  auto done = boost::asio::bind_cancellation_slot(
      what->cancel.slot(),
      boost::asio::bind_executor(
          what->executor,
          [what, told, stops](error_code ec, const std::vector<isolatte::outcome<long>>& all) {
            allocations_hold const hold;
            what->finish(ec ? "map: " + ec.message() : "map", check(*what, stops, ec, all, *told));
          }));
  {
    allocations_may_fail const fail;
    isolatte::async_map(
        where, std::move(elements), [](const work& each) { return perform<long>(each); },
        std::move(opts), std::move(done));
  }
  what->arm_cancellation();
}

}  // namespace

void launch_map(const std::shared_ptr<job>& what) {
  if (what->what.by == launcher::pool_map)
    launch_on(*what->in.warm_pool, what);
  else
    launch_on(what->executor, what);
}

}  // namespace soak
