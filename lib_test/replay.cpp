// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "replay.hpp"

#include "text.hpp"

#include <boost/test/framework.hpp>
#include <boost/test/tree/test_unit.hpp>
#include <boost/test/unit_test_log.hpp>

#include <algorithm>
#include <cstddef>
#include <set>
#include <string>
#include <utility>

namespace isolatte::inline v0_1::test {

namespace ut = boost::unit_test;
using boost::execution_exception;

namespace {

/// Returns a copy that stays: Boost.Test keeps the address of the name of a checkpoint's file.
const std::string& kept(const std::string& name) {
  static std::set<std::string> names;
  return *names.insert(name).first;
}

/// A value that was printed in the child, in the two ways in which formats print.
class printed_value : public ut::lazy_ostream {
 public:
  explicit printed_value(const entry_value& value) : lazy_ostream{false}, value_{value} {}

  std::ostream& operator()(std::ostream& stream) const override {
    bool const is_log = &stream == ut::unit_test_log.get_stream(ut::OF_CLF) ||
                        &stream == ut::unit_test_log.get_stream(ut::OF_CUSTOM_LOGGER);
    return stream << (is_log ? value_.text : value_.alone);
  }

 private:
  const entry_value& value_;
};

/// Adds the frames of a context, but for those that are there: those of fixtures of suites.
void add_frames(const std::vector<std::string>& frames) {
  std::vector<std::string> const present = context_frames();
  auto const same =
      std::mismatch(frames.begin(), frames.end(), present.begin(), present.end()).first;
  std::for_each(same, frames.end(), add_context);
}

execution_exception made_from(const event& thrown) {
  return execution_exception{
      static_cast<execution_exception::error_code>(thrown.code), thrown.text,
      execution_exception::location{ut::const_string{thrown.file}, thrown.line,
                                    thrown.function.empty() ? nullptr : thrown.function.c_str()}};
}

/// The framework takes one at a time. A case can write any number where it counts, and a minute is
/// as long as the program may be kept by that.
constexpr std::uint64_t most_passed = std::uint64_t{1} << 30;

}  // namespace

void replay::repeat(const event& what) {
  repeat_passed(what.passed);
  switch (what.what) {
    case event::kind::entry: repeat_entry(what); break;
    case event::kind::failed: ut::framework::assertion_result(ut::AR_FAILED); break;
    case event::kind::warned: ut::framework::assertion_result(ut::AR_TRIGGERED); break;
    case event::kind::aborted:
      ut::framework::test_unit_aborted(ut::framework::current_test_unit());
      break;
    case event::kind::exception: {
      event thrown = what;
      explain(thrown);
      repeat_exception(thrown);
      break;
    }
    case event::kind::nothing: break;
  }
}

void replay::finish(const case_notes& notes) {
  repeat_passed(notes.passed());
  checkpoint const last = notes.last_checkpoint();
  if (!last.file.empty())
    ut::unit_test_log.set_checkpoint(kept(last.file), last.line, last.message);
}

void replay::report(execution_exception::error_code code, const std::string& text,
                    const case_notes& notes) {
  event thrown;
  thrown.file = "unknown location";
  thrown.code = code;
  thrown.text = text;
  thrown.last = notes.last_checkpoint();
  thrown.context = notes.contexts();
  repeat_exception(thrown);
}

void replay::throw_if_fatal() const {
  if (!fatal_.empty()) {
    // The framework reads the texts after this object has gone.
    static event thrown;
    thrown = fatal_.front();
    throw made_from(thrown);
  }
}

void replay::explain(event& thrown) const {
  if (address_space_ && thrown.text.find("std::bad_alloc") != thrown.text.npos)
    thrown.text += ", limits.address_space is " + std::to_string(*address_space_) + " bytes";
}

void replay::repeat_passed(std::uint64_t up_to) {
  if (up_to > most_passed) {
    if (!std::exchange(count_is_lost_, true))
      add_assertion(false, "the count of passed assertions is lost: the case has written " +
                               std::to_string(up_to) + " in its place");
    return;
  }
  for (; passed_ < up_to; ++passed_) ut::framework::assertion_result(ut::AR_PASSED);
}

void replay::repeat_entry(const event& entry) {
  ut::unit_test_log << ut::log::begin{entry.file, static_cast<std::size_t>(entry.line)}
                    << static_cast<ut::log_level>(entry.code);
  for (const entry_value& value : entry.values)
    if (value.is_lazy)
      ut::unit_test_log << printed_value{value};
    else
      ut::unit_test_log << ut::const_string{value.text};
  add_frames(entry.context);
  ut::unit_test_log << ut::log::end{};
}

void replay::repeat_exception(const event& thrown) {
  if (!thrown.last.file.empty())
    ut::unit_test_log.set_checkpoint(kept(thrown.last.file), thrown.last.line, thrown.last.message);
  add_frames(thrown.context);
  if (thrown.code >= execution_exception::user_fatal_error) {
    fatal_.push_back(thrown);
    return;
  }
  ut::framework::exception_caught(made_from(thrown));
  ut::framework::test_unit_aborted(ut::framework::current_test_unit());
}

void add_assertion(bool passed, const std::string& text) {
  const ut::test_unit& unit = ut::framework::current_test_unit();
  ut::unit_test_log << ut::log::begin{unit.p_file_name, unit.p_line_num}
                    << (passed ? ut::log_successful_tests : ut::log_all_errors)
                    << ut::const_string{text} << ut::log::end{};
  ut::framework::assertion_result(passed ? ut::AR_PASSED : ut::AR_FAILED);
}

}  // namespace isolatte::inline v0_1::test
