// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "run_map.hpp"

#include "lines.hpp"
#include "outcome_report.hpp"
#include "progress_bar.hpp"
#include "report_file.hpp"
#include "stop_signals.hpp"
#include "text_output.hpp"

#include <isolatte/async_execute.hpp>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/system/errc.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <deque>
#include <exception>
#include <map>
#include <optional>
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
/// Lines wait in that many bytes. Beyond them, the bar does not know how many will come.
constexpr std::size_t most_read_ahead = std::size_t{16} << 20;
constexpr std::chrono::milliseconds between_frames{100};

std::string with_line(std::string text, const std::string& line) {
  for (auto at = text.find(placeholder); at != text.npos;
       at = text.find(placeholder, at + line.size()))
    text.replace(at, placeholder.size(), line);
  return text;
}

bool has_place(const std::string& text) { return text.find(placeholder) != text.npos; }

/// The program with the line in the place of each `{}`, or as the last argument.
isolatte::program program_for(const isolatte::program& pattern, const std::string& line) {
  isolatte::program made = pattern;
  made.executable = with_line(pattern.executable.string(), line);
  for (auto& each : made.args) each = with_line(each, line);
  if (!has_place(pattern.executable.string()) &&
      std::none_of(pattern.args.begin(), pattern.args.end(), has_place))
    made.args.push_back(line);
  return made;
}

/// Why no argument can be the line that was read; empty if the error is another one, or none.
std::string_view why_unfit(const error_code& ec) {
  if (ec == boost::system::errc::argument_list_too_long)
    return "a line of the input is too long for an argument";
  if (ec == boost::system::errc::illegal_byte_sequence)
    return "a line of the input has a null character";
  return {};
}

class map_run {
 public:
  explicit map_run(const request& what)
      : what_{what},
        report_{what.report},
        input_{context_},
        stops_{context_, [this](asio::cancellation_type how) { stop(how); }} {
    // One sandbox for all, unless each line is another program.
    if (!has_place(what.program.executable.string())) options_ = what.options_for(what.program);
  }

  int run() {
    read_on();
    draw();
    context_.run();
    bar_.clear();
    if (failure_ && !is_cut_short_) std::rethrow_exception(failure_);
    report_.close();
    if (what_.verbose || failed_ != 0)
      errors_.write("isolatte-run: " + std::to_string(printed_) + " done, " +
                    std::to_string(failed_) + " failed\n");
    if (stops_.first() != 0) return ended_by_signal + stops_.first();
    return worst_;
  }

 private:
  struct running_program {
    asio::cancellation_signal cancel;
  };
  /// A line that has been read, and has no program yet.
  struct waiting_line {
    std::string text;
    /// Why no program can have it.
    error_code ec;
  };

  bool may_start() const {
    return running_.size() < what_.jobs && next_ - printed_ < most_kept_each * what_.jobs;
  }

  /// Reads ahead of the programs, so that the bar knows how many there will be.
  void read_on() {
    if (is_reading_ || is_read_ || size_ahead_ >= most_read_ahead) return;
    is_reading_ = true;
    input_.async_next([this](error_code ec, const std::string& line) {
      is_reading_ = false;
      if (is_stopped_) return;
      if (ec && why_unfit(ec).empty()) {
        end_input(ec);
      } else {
        ahead_.push_back({line, ec});
        size_ahead_ += line.size() + sizeof(waiting_line);
        start_waiting();
      }
      read_on();
    });
  }

  /// Lines that were read before a failure have their programs.
  void end_input(const error_code& ec) {
    is_read_ = true;
    if (ec != asio::error::eof)
      failure_ = std::make_exception_ptr(std::system_error{ec, reading_failed});
    rest();
  }

  void start_waiting() {
    while (!ahead_.empty() && may_start()) {
      auto const [line, ec] = std::move(ahead_.front());
      ahead_.pop_front();
      size_ahead_ -= line.size() + sizeof(waiting_line);
      auto program = program_for(what_.program, line);
      finished one{.program = std::move(program), .error = ec, .line = name_of(line)};
      if (ec)
        keep_unfit(std::move(one));
      else
        start(std::move(one));
    }
  }

  /// The line as messages call it. A program that has it in its own name needs no other.
  std::optional<std::string> name_of(const std::string& line) const {
    if (has_place(what_.program.executable.string())) return std::nullopt;
    return line;
  }

  void keep_unfit(finished one) {
    isolatte::run_summary why{.reason = std::string{why_unfit(one.error)}};
    // No character is wrong, but the null one is at a wrong place.
    if (one.error == boost::system::errc::illegal_byte_sequence)
      one.error = make_error_code(boost::system::errc::invalid_argument);
    one.is_unfit = true;
    one.outcome = isolatte::outcome<void>::not_started(one.error, std::move(why));
    kept_.emplace(next_++, std::move(one));
    print();
  }

  void start(finished one) {
    std::size_t const index = next_++;
    auto& place = running_[index];
    auto const slot = place.cancel.slot();
    isolatte::async_execute(
        context_, one.program, options_ ? *options_ : what_.options_for(one.program),
        asio::bind_cancellation_slot(
            slot, [this, index, one](error_code error, isolatte::outcome<void> outcome) mutable {
              running_.erase(index);
              one.error = error;
              one.outcome = std::move(outcome);
              kept_.emplace(index, std::move(one));
              print();
              start_waiting();
              read_on();
              rest();
            }));
  }

  /// Prints what is next in order, as far as it is there.
  void print() {
    // The one that waits for a slow reader goes on with what has come meanwhile.
    if (is_printing_) return;
    is_printing_ = true;
    for (auto first = kept_.begin(); first != kept_.end() && first->first == printed_;
         first = kept_.erase(first)) {
      ++printed_;
      bar_.clear();
      print(first->second);
    }
    is_printing_ = false;
    rest();
  }

  /// Has signals and the times of programs heeded while a reader is slow.
  /// @return false if there is nothing left but to end
  bool go_on_meanwhile() {
    context_.poll();
    is_cut_short_ = stops_.first() != 0 && running_.empty();
    return !is_cut_short_;
  }

  /// Draws now, and again for as long as programs run.
  void draw() {
    if (!bar_.is_on()) return;
    // In the middle of an output the bar would erase the line that is there so far.
    if (!is_printing_)
      bar_.show({printed_ + kept_.size(), failed_, running_.size(),
                 is_read_ ? std::optional{next_ + ahead_.size()} : std::nullopt});
    next_frame_.expires_after(between_frames);
    next_frame_.async_wait([this](const error_code& ec) {
      if (!ec && !is_done_) draw();
    });
  }

  void print(const finished& one) {
    // Nothing more can be written.
    if (failure_ && is_stopped_) return;
    bool const is_failure = !one.outcome.success();
    if (is_failure) ++failed_;
    int const code = exit_code_of(one);
    if (one.outcome.how() == isolatte::ending::not_started)
      worst_ = std::max(worst_, code);
    else if (is_failure)
      worst_ = std::max<int>(worst_, some_failed);
    report_.add(one, what_.json);
    if (what_.json) {
      output_.write(json_of(one, true) + '\n');
    } else {
      output_.write(one.outcome.out_text());
      errors_.write(one.outcome.err_text());
    }
    stop_unless_written();
    if (what_.json) return;
    bool const is_cut = one.outcome.out_truncated() || one.outcome.err_truncated();
    if (is_failure || is_cut || what_.verbose)
      errors_.write("isolatte-run: " + text_of(one) + '\n');
  }

  /// Nothing is gained by programs whose results cannot be written.
  void stop_unless_written() {
    try {
      report_.check();
      output_.check();
    } catch (const std::system_error&) {
      failure_ = std::current_exception();
      stop(asio::cancellation_type::terminal);
    }
  }

  void rest() {
    if (!is_read_ || is_printing_ || !running_.empty() || !ahead_.empty()) return;
    stops_.ignore();
    is_done_ = true;
    next_frame_.cancel();
  }

  void stop(asio::cancellation_type how) {
    is_read_ = is_stopped_ = true;
    ahead_.clear();
    input_.cancel();
    for (auto& [index, each] : running_) each.cancel.emit(how);
    rest();
  }

  const request& what_;
  report_file report_;
  text_output output_{1, "the output", [this] { return go_on_meanwhile(); }};
  /// Failures of this one are ignored: there is no other way to tell them.
  text_output errors_{2, "messages", [this] { return go_on_meanwhile(); }};
  std::exception_ptr failure_;
  /// For every program, unless each has its own.
  std::optional<isolatte::options> options_;
  asio::io_context context_{1};
  lines input_;
  stop_signals stops_;
  progress_bar bar_;
  asio::steady_timer next_frame_{context_};
  std::deque<waiting_line> ahead_;
  std::size_t size_ahead_ = 0;
  std::map<std::size_t, running_program> running_;
  std::map<std::size_t, finished> kept_;
  std::size_t next_ = 0;
  std::size_t printed_ = 0;
  std::size_t failed_ = 0;
  int worst_ = 0;
  bool is_printing_ = false;
  /// Whether a signal has ended the wait for a slow reader.
  bool is_cut_short_ = false;
  bool is_reading_ = false;
  bool is_read_ = false;
  bool is_stopped_ = false;
  bool is_done_ = false;
};

}  // namespace

int run_map(const request& what) { return map_run{what}.run(); }

}  // namespace isolatte_run
