// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

// The first use of an archive in a fresh child: a struct of a map, a string and a pointer. The
// child measures from the end of the job until the last member is saved.

#include "by_hand.hpp"
#include "counters.hpp"
#include "jobs.hpp"
#include "rows.hpp"

#include <isolatte/async_fork.hpp>
#include <isolatte/serialization.hpp>

#include <boost/archive/binary_iarchive.hpp>
#include <boost/archive/binary_oarchive.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/serialization/map.hpp>
#include <boost/serialization/string.hpp>
#include <boost/serialization/unique_ptr.hpp>

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <sstream>
#include <string>
#include <utility>

namespace {

std::int64_t now() { return std::chrono::steady_clock::now().time_since_epoch().count(); }

struct point {
  int x = 0;
  int y = 0;

  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive & x & y;
  }
};

struct record {
  std::map<std::string, int> symbols;
  std::string name;
  std::unique_ptr<point> where;
  std::int64_t made = 0;
  std::int64_t saved = 0;

  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive & symbols & name & where & made;
    if constexpr (Archive::is_saving::value) saved = now();
    archive & saved;
  }
};

record make_record() {
  record all{{{"main", 1}, {"_start", 2}, {"printf", 3}}, "a_name", std::make_unique<point>()};
  all.made = now();
  return all;
}

double seconds_of(record const& all) {
  using period = std::chrono::steady_clock::period;
  return static_cast<double>(all.saved - all.made) * period::num / period::den;
}

record stock_job() {
  raw_child const child = start_raw([](int fd) {
    record const all = make_record();
    std::ostringstream stream;
    boost::archive::binary_oarchive{stream, boost::archive::no_header} << all;
    std::string const bytes = std::move(stream).str();
    write_all(fd, bytes.data(), bytes.size());
  });
  std::string bytes;
  char buffer[4096];
  for (ssize_t count; (count = ::read(child.fd, buffer, sizeof buffer)) != 0;) {
    if (count == -1) give_up("read");
    bytes.append(buffer, static_cast<std::size_t>(count));
  }
  reap_raw(child);
  std::istringstream stream{bytes};
  record all;
  boost::archive::binary_iarchive{stream, boost::archive::no_header} >> all;
  return all;
}

void stock_record(benchmark::State& state) {
  counted const counts{state};
  for (auto _ : state) benchmark::DoNotOptimize(stock_job().made);
}

void stock_first_use(benchmark::State& state) {
  for (auto _ : state) state.SetIterationTime(seconds_of(stock_job()));
}

void async_record(benchmark::State& state, bool first_use) {
  boost::asio::io_context context{1};
  counted const counts{state};
  for (auto _ : state) {
    double seconds = 0;
    isolatte::async_fork(context, make_record, {},
                         [&](boost::system::error_code error, isolatte::outcome<record> result) {
                           seconds = seconds_of(result.value());
                           expect_value{}(error, std::move(result));
                         });
    run_all(context);
    if (first_use) state.SetIterationTime(seconds);
  }
}

}  // namespace

void add_archive_rows() {
  add_row("raw/record", 50, stock_record);
  add_row("async/record", 50, [](auto& state) { async_record(state, false); });
  add_timed_row("raw/first_use", 50, stock_first_use);
  add_timed_row("async/first_use", 50, [](auto& state) { async_record(state, true); });
}
