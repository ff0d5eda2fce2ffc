// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "run_map.hpp"

#include "lines.hpp"
#include "outcome_report.hpp"
#include "progress_bar.hpp"
#include "stop_signals.hpp"

#include <isolatte/async_execute.hpp>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/system/system_error.hpp>

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <iostream>
#include <map>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

namespace isolatte_run {

namespace {

namespace asio = boost::asio;
using boost::system::error_code;

constexpr std::string_view placeholder = "{}";
/// A slow program holds back the output of those after it. No more of them than this, for each
/// program that runs at once, are kept.
constexpr std::size_t most_kept_each = 16;

std::string with_line(std::string text, const std::string& line) {
  for (auto at = text.find(placeholder); at != text.npos;
       at = text.find(placeholder, at + line.size()))
    text.replace(at, placeholder.size(), line);
  return text;
}

/// The program with the line in the place of each `{}`, or as the last argument.
isolatte::program program_for(const isolatte::program& pattern, const std::string& line) {
  auto const has_place = [](const std::string& text) {
    return text.find(placeholder) != text.npos;
  };
  isolatte::program made = pattern;
  made.executable = with_line(pattern.executable.string(), line);
  for (auto& each : made.args) each = with_line(each, line);
  if (!has_place(pattern.executable.string()) &&
      std::none_of(pattern.args.begin(), pattern.args.end(), has_place))
    made.args.push_back(line);
  return made;
}

class map_run {
 public:
  explicit map_run(const request& what)
      : what_{what},
        input_{context_},
        stops_{context_, [this](asio::cancellation_type how) { stop(how); }} {
    if (!what.report.empty()) report_.open(what.report);
  }

  int run() {
    read_on();
    context_.run();
    bar_.clear();
    check_output();
    if (what_.verbose || failed_ != 0)
      std::cerr << "isolatte-run: " << printed_ << " done, " << failed_ << " failed\n";
    if (stops_.first() != 0) return ended_by_signal + stops_.first();
    return worst_;
  }

 private:
  struct running_program {
    asio::cancellation_signal cancel;
  };

  bool may_start() const {
    return running_.size() < what_.jobs && next_ - printed_ < most_kept_each * what_.jobs;
  }

  void read_on() {
    if (is_reading_ || is_read_ || !may_start()) return;
    is_reading_ = true;
    input_.async_next([this](error_code ec, const std::string& line) {
      is_reading_ = false;
      if (!ec)
        start(program_for(what_.program, line));
      else
        end_input(ec);
      read_on();
    });
  }

  void end_input(const error_code& ec) {
    is_read_ = true;
    rest();
    if (ec != asio::error::eof && ec != asio::error::operation_aborted)
      throw boost::system::system_error{ec, "reading the standard input"};
  }

  void start(isolatte::program one) {
    std::size_t const index = next_++;
    auto& place = running_[index];
    auto const slot = place.cancel.slot();
    isolatte::async_execute(
        context_, one, what_.options,
        asio::bind_cancellation_slot(
            slot, [this, index, one](error_code error, isolatte::outcome<void> outcome) {
              running_.erase(index);
              kept_.emplace(index, finished{one, error, std::move(outcome)});
              print();
              read_on();
              rest();
            }));
  }

  /// Prints what is next in order, as far as it is there.
  void print() {
    for (auto first = kept_.begin(); first != kept_.end() && first->first == printed_;
         first = kept_.erase(first)) {
      ++printed_;
      bar_.clear();
      print(first->second);
    }
    bar_.show({printed_ + kept_.size(), failed_, running_.size(),
               is_read_ ? std::optional{next_} : std::nullopt});
  }

  void print(const finished& one) {
    bool const is_failure = !one.outcome.success();
    if (is_failure) ++failed_;
    int const code = exit_code_of(one);
    if (one.outcome.how() == isolatte::ending::not_started)
      worst_ = std::max(worst_, code);
    else if (is_failure)
      worst_ = std::max<int>(worst_, some_failed);
    if (report_.is_open()) report_ << json_of(one, what_.json) << '\n';
    if (what_.json) {
      std::cout << json_of(one, true) << '\n';
      return;
    }
    std::cout << one.outcome.out_text() << std::flush;
    std::cerr << one.outcome.err_text();
    bool const is_cut = one.outcome.out_truncated() || one.outcome.err_truncated();
    if (is_failure || is_cut || what_.verbose)
      std::cerr << "isolatte-run: " << text_of(one) << '\n';
  }

  void rest() {
    if (is_read_ && running_.empty()) stops_.ignore();
  }

  void stop(asio::cancellation_type how) {
    is_read_ = true;
    input_.cancel();
    for (auto& [index, each] : running_) each.cancel.emit(how);
    rest();
  }

  void check_output() {
    std::cout << std::flush;
    if (report_.is_open()) report_ << std::flush;
    if (!std::cout) throw std::system_error{EIO, std::generic_category(), "writing the output"};
    if (!what_.report.empty() && !report_)
      throw std::system_error{EIO, std::generic_category(), "writing " + what_.report.string()};
  }

  const request& what_;
  asio::io_context context_{1};
  lines input_;
  stop_signals stops_;
  progress_bar bar_;
  std::ofstream report_;
  std::map<std::size_t, running_program> running_;
  std::map<std::size_t, finished> kept_;
  std::size_t next_ = 0;
  std::size_t printed_ = 0;
  std::size_t failed_ = 0;
  int worst_ = 0;
  bool is_reading_ = false;
  bool is_read_ = false;
};

}  // namespace

int run_map(const request& what) { return map_run{what}.run(); }

}  // namespace isolatte_run
