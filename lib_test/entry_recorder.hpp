// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_LIB_TEST_ENTRY_RECORDER_HPP
#define ISOLATTE_LIB_TEST_ENTRY_RECORDER_HPP

#include "event.hpp"

#include <isolatte/config.hpp>

#include <boost/test/unit_test_log_formatter.hpp>

#include <ostream>
#include <sstream>

namespace isolatte::inline v0_1::test {

class recorder;

/// A format of Boost.Test's log that gives each entry to a recorder. Its stream has to be an
/// `std::ostringstream`.
class entry_recorder : public boost::unit_test::unit_test_log_formatter {
 public:
  explicit entry_recorder(recorder& to) : to_{to} {}

  /// Returns the place of Boost.Test's checkpoint, once an exception has been logged.
  const boost::unit_test::log_checkpoint_data* checkpoint() const noexcept { return checkpoint_; }
  /// Tells whether an entry has begun and not ended.
  bool has_open_entry() const noexcept { return entry_.what == event::kind::entry; }

 private:
  using stream = std::ostream;
  using const_string = boost::unit_test::const_string;
  using unit = boost::unit_test::test_unit;
  using level = boost::unit_test::log_level;

  void log_start(stream&, boost::unit_test::counter_t) override {}
  void log_finish(stream&) override {}
  void log_build_info(stream&, bool) override {}
  void test_unit_start(stream&, const unit&) override {}
  void test_unit_finish(stream&, const unit&, unsigned long) override {}
  void test_unit_skipped(stream&, const unit&, const_string) override {}

  void log_exception_start(stream&, const boost::unit_test::log_checkpoint_data& last,
                           const boost::execution_exception&) override;
  void log_exception_finish(stream&) override {}

  void log_entry_start(stream&, const boost::unit_test::log_entry_data& data,
                       log_entry_types) override;
  void log_entry_value(stream&, const_string value) override;
  void log_entry_value(stream& printed, const boost::unit_test::lazy_ostream& value) override;
  void log_entry_finish(stream&) override;

  void entry_context_start(stream&, level) override {}
  void log_entry_context(stream&, level, const_string frame) override;
  void entry_context_finish(stream&, level) override;

  recorder& to_;
  event entry_;
  const boost::unit_test::log_checkpoint_data* checkpoint_ = nullptr;
};

}  // namespace isolatte::inline v0_1::test

#endif
