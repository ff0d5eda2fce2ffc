// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_LIB_TEST_RECORDER_HPP
#define ISOLATTE_LIB_TEST_RECORDER_HPP

#include "case_notes.hpp"
#include "event.hpp"
#include "system.hpp"

#include <isolatte/channel.hpp>
#include <isolatte/config.hpp>

#include <boost/function/function0.hpp>
#include <boost/test/detail/fwd_decl.hpp>
#include <boost/test/execution_monitor.hpp>
#include <boost/test/tree/fixture.hpp>
#include <boost/test/tree/observer.hpp>

#include <sstream>
#include <vector>

namespace isolatte::inline v0_1::test {

class entry_recorder;

/// How a child tells its events.
enum class telling {
  /// An entry of the log is shown before the case goes on.
  in_step,
  /// The case goes on at once.
  ahead,
};

/// Stands in a child for the log and the report of the program: turns all that would go there into
/// messages. Each is posted before the case goes on, so that it survives a crash.
class recorder : public boost::unit_test::test_observer {
 public:
  /// Takes the place of the log and of all observers, in this process.
  /// @throws std::logic_error if an entry of the log has been begun and not ended
  recorder(channel<event>& program, case_notes& notes, telling how);
  ~recorder();

  /// Runs a function, and tells of what it throws.
  /// @return true if it threw nothing, and did not abort the case
  bool run(const boost::function<void()>& function);

  /// Tells of an entry.
  void tell_entry(event entry);

 private:
  void assertion_result(boost::unit_test::assertion_result result) override;
  void test_unit_aborted(const boost::unit_test::test_unit& unit) override;

  void tell_exception(const boost::execution_exception& thrown);
  void tell(event what);
  void note_checkpoint();

  channel<event>& program_;
  case_notes& notes_;
  telling const how_;
  std::ostringstream printed_;
  entry_recorder* entries_ = nullptr;
  const boost::unit_test::log_checkpoint_data* checkpoint_ = nullptr;
  signal_stack const signal_stack_;
  bool aborted_ = false;
};

/// Runs a case with its fixtures, in a child.
void run_recorded(const std::vector<boost::unit_test::test_unit_fixture_ptr>& fixtures,
                  const boost::function<void()>& body, recorder& with);

}  // namespace isolatte::inline v0_1::test

#endif
