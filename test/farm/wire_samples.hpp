// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_TEST_FARM_WIRE_SAMPLES_HPP
#define ISOLATTE_TEST_FARM_WIRE_SAMPLES_HPP

#include "nats/wire/parcel.hpp"
#include "nats/wire/request.hpp"
#include "nats/wire/results.hpp"

#include <isolatte/error.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <random>
#include <span>
#include <string>
#include <utility>
#include <vector>

/// Messages of the farm with random content.
namespace wire_samples {

using namespace isolatte::nats;
using isolatte::detail::byte_buffer;
using bytes = std::vector<std::byte>;

template <class Message>
bytes encoded(const Message& what) {
  byte_buffer buffer;
  wire::encode(what, buffer);
  return {buffer.data(), buffer.data() + buffer.size()};
}

class maker {
 public:
  explicit maker(std::uint32_t seed) : engine_{seed} {}

  std::uint64_t below(std::uint64_t end) {
    return std::uniform_int_distribution<std::uint64_t>{0, end - 1}(engine_);
  }
  bool one_in(std::uint64_t n) { return below(n) == 0; }
  template <class Number>
  Number number() {
    // Extremes are as frequent as anything else.
    switch (below(4)) {
      case 0: return std::numeric_limits<Number>::min();
      case 1: return std::numeric_limits<Number>::max();
      case 2: return static_cast<Number>(below(300));
      default: return static_cast<Number>(engine_());
    }
  }
  std::string text(std::size_t longest) {
    std::string made(below(longest + 1), ' ');
    for (auto& c : made) c = static_cast<char>(below(256));
    return made;
  }
  std::string name(std::size_t longest) {
    auto made = text(longest - 1);
    made += 'x';
    return made;
  }

  wire::code_name code() {
    wire::code_name made;
    std::vector<std::byte> id(1 + below(isolatte::detail::build_id::most));
    for (auto& each : id) each = std::byte(below(256));
    made.object = *isolatte::detail::build_id::of(id);
    made.offset = number<std::uint64_t>();
    return made;
  }

  /// @param store keeps the arguments
  wire::parcel parcel(std::vector<std::string>& store) {
    wire::parcel made{name(wire::longest_submitter), {}};
    std::size_t const count = 1 + below(one_in(10) ? 64 : 4);
    store.reserve(store.size() + count);
    for (std::size_t i = 0; i != count; ++i) {
      wire::parcel_job job;
      job.number = number<std::uint64_t>();
      job.attempt = at_least_one();
      job.lost_before = number<std::uint32_t>();
      job.max_hosts = at_least_one();
      job.decoder = code();
      if (one_in(2)) job.function = code();
      if (one_in(2)) job.timeout = std::chrono::nanoseconds{below(INT64_MAX)};
      if (one_in(2)) job.grace = std::chrono::nanoseconds{INT64_MAX};
      job.max_result = number<std::uint64_t>();
      store.push_back(text(one_in(10) ? 3000 : 30));
      job.arguments = std::as_bytes(std::span{store.back()});
      made.jobs.push_back(std::move(job));
    }
    return made;
  }

  wire::results results() {
    wire::results made{name(255), {}};
    std::size_t const count = 1 + below(one_in(10) ? 64 : 4);
    for (std::size_t i = 0; i != count; ++i) {
      wire::job_result result;
      result.number = number<std::uint64_t>();
      result.attempt = at_least_one();
      result.kind = one_in(2) ? logic::told::report : static_cast<logic::told>(below(5));
      result.deliveries = number<std::uint32_t>();
      result.holder = number<std::uint64_t>();
      result.reason = text(20);
      if (result.kind == logic::told::report) {
        result.report = report();
        result.ec = error();
      }
      made.jobs.push_back(std::move(result));
    }
    return made;
  }

  wire::request request() {
    wire::request made{name(wire::longest_submitter), {}, {}, {}};
    made.what = static_cast<wire::request::subject>(below(2));
    made.wish = static_cast<logic::wish>(below(5));
    if (made.what == wire::request::subject::jobs)
      for (std::size_t i = 1 + below(100); i != 0; --i)
        made.numbers.push_back(number<std::uint64_t>());
    return made;
  }
  wire::counts counts() {
    return {name(255), number<std::uint32_t>(), number<std::uint64_t>(), number<std::uint64_t>()};
  }
  wire::begin begin() {
    return {number<std::uint64_t>(), at_least_one(), number<std::uint64_t>(),
            number<std::uint32_t>()};
  }

 private:
  std::uint32_t at_least_one() { return std::max(1u, number<std::uint32_t>()); }

  boost::system::error_code error() {
    switch (below(4)) {
      case 0: return {};
      case 1: return isolatte::make_error_code(isolatte::error::worker_start_failed);
      case 2: return {static_cast<int>(1 + below(200)), boost::system::system_category()};
      default: return {static_cast<int>(1 + below(9)), isolatte::preparation_category()};
    }
  }

  std::unique_ptr<isolatte::detail::report> report() {
    auto made = std::make_unique<isolatte::detail::report>();
    auto& run = made->summary;
    run.how = static_cast<isolatte::ending>(below(11));
    run.ran = static_cast<isolatte::ran>(below(3));
    if (one_in(2)) run.exit_code = number<int>();
    if (one_in(2)) run.signal = number<int>();
    run.core_dumped = one_in(2);
    run.pid = number<int>();
    run.usage = {std::chrono::nanoseconds{number<std::uint32_t>()},
                 std::chrono::microseconds{number<std::uint32_t>()},
                 std::chrono::microseconds{number<std::uint32_t>()},
                 number<std::uint64_t>(),
                 number<std::uint64_t>(),
                 number<std::uint64_t>(),
                 number<std::uint64_t>(),
                 number<std::uint64_t>()};
    if (one_in(2))
      run.fault = {number<int>(), number<int>(), reinterpret_cast<void*>(number<std::uintptr_t>()),
                   text(200),     one_in(2),     text(10)};
    run.out = {text(50), one_in(2)};
    run.err = {text(50), one_in(2)};
    run.reason = text(30);
    if (one_in(2))
      run.worker = {one_in(3) ? isolatte::worker_id::no_slot : number<std::size_t>(),
                    number<std::uint64_t>(), number<int>()};
    for (std::size_t i = below(4); i != 0; --i) run.gaps.push_back(text(20));
    made->kind = static_cast<isolatte::detail::payload_kind>(below(4));
    if (made->kind != isolatte::detail::payload_kind::none) {
      auto const payload = text(one_in(10) ? 3000 : 30);
      made->payload.append(payload.data(), payload.size());
    }
    return made;
  }

  std::mt19937_64 engine_;
};

}  // namespace wire_samples

#endif
