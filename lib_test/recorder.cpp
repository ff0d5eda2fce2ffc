// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "recorder.hpp"

#include "active_level.hpp"
#include "entry_recorder.hpp"
#include "system.hpp"
#include "text.hpp"

#include <boost/test/framework.hpp>
#include <boost/test/results_collector.hpp>
#include <boost/test/tree/test_unit.hpp>
#include <boost/test/unit_test_log.hpp>
#include <boost/test/unit_test_monitor.hpp>
#include <boost/test/unit_test_parameters.hpp>

#include <algorithm>
#include <cstdio>
#include <iostream>
#include <utility>

namespace isolatte::inline v0_1::test {

namespace ut = boost::unit_test;

namespace {

void flush_output() {
  std::cout.flush();
  std::cerr.flush();
  std::clog.flush();
  std::fflush(stdout);
  std::fflush(stderr);
}

}  // namespace

recorder::recorder(channel<event>& program, case_notes& notes, telling how)
    : program_{program}, notes_{notes}, how_{how} {
  ut::log_level const level = take_active_level();
  // Observers of the program's write files and terminals: they are told in the program, not here.
  ut::framework::shutdown();
  ut::framework::register_observer(ut::results_collector);

  entries_ = new entry_recorder{*this};
  ut::unit_test_log.add_formatter(entries_);  // which owns it now
  ut::unit_test_log.set_format(ut::OF_CUSTOM_LOGGER);
  ut::unit_test_log.set_threshold_level(ut::OF_CUSTOM_LOGGER, ut::log_successful_tests);
  ut::unit_test_log.set_stream(ut::OF_CUSTOM_LOGGER, printed_);
  ut::unit_test_log.configure();

  // The place of the checkpoint is told with an exception alone. Frames that wait for their entry
  // must not go with that one.
  std::vector<std::string> const before = context_frames();
  ut::unit_test_log.exception_caught(boost::execution_exception{
      boost::execution_exception::cpp_exception_error, "", boost::execution_exception::location{}});
  checkpoint_ = entries_->checkpoint();
  std::vector<std::string> const kept = context_frames();
  for (const std::string& frame : before)
    if (std::find(kept.begin(), kept.end(), frame) == kept.end()) add_context(frame);

  ut::unit_test_log.set_threshold_level(ut::OF_CUSTOM_LOGGER, level);
  ut::unit_test_log.configure();
  ut::framework::register_observer(*this);
  notes_.begin();
  notes_of_this_child = &notes_;
}

recorder::~recorder() {
  notes_of_this_child = nullptr;
  ut::framework::deregister_observer(*this);
  ut::unit_test_log.add_formatter(nullptr);
  ut::unit_test_log.configure();
}

bool recorder::run(const boost::function<void()>& function) {
  aborted_ = false;
  auto& monitor = ut::unit_test_monitor;
  // A signal has to end the child, and its stack trace has to be that of the fault.
  monitor.p_catch_system_errors.value = false;
  monitor.p_use_alt_stack.value = false;
  monitor.p_auto_start_dbg.value = false;
  monitor.p_timeout.value = 0;
  monitor.p_detect_fp_exceptions.value = boost::fpe::BOOST_FPE_OFF;
  bool const traps = ut::runtime_config::get<bool>(ut::runtime_config::btrt_detect_fp_except);
  try {
    monitor.vexecute([&] {
      // The monitor takes the alternate stack away when it ends, and a stack overflow needs one.
      signal_stack_.restore();
      if (traps) boost::fpe::enable(true);  // as the monitor itself enables them
      function();
      // Without something after the call it would become a jump, which leaves no frame of this
      // class, and a trace would show those of Boost.Test.
      asm volatile("" : : : "memory");
    });
  } catch (const boost::execution_exception& thrown) {
    tell_exception(thrown);
    return false;
  }
  return !aborted_;
}

void recorder::assertion_result(ut::assertion_result result) {
  if (!notes_.is_writer()) return;
  note_checkpoint();
  if (result == ut::AR_PASSED) {
    notes_.count_passed();
    return;
  }
  event what;
  what.what = result == ut::AR_FAILED ? event::kind::failed : event::kind::warned;
  tell(std::move(what));
}

void recorder::test_unit_aborted(const ut::test_unit&) {
  aborted_ = true;
  event what;
  what.what = event::kind::aborted;
  tell(std::move(what));
}

void recorder::tell_entry(event entry) {
  note_checkpoint();
  tell(std::move(entry));
  // The window holds one message: this one has to wait until the entry has been shown.
  if (how_ == telling::in_step) tell({});
}

void recorder::tell_exception(const boost::execution_exception& thrown) {
  // The log ends an entry whose text could not be printed, and has the context with that one.
  if (entries_->has_open_entry()) ut::unit_test_log << ut::log::end{};
  note_checkpoint();
  event what;
  what.what = event::kind::exception;
  what.file = text_of(thrown.where().m_file_name);
  what.line = thrown.where().m_line_num;
  what.function = text_of(thrown.where().m_function);
  what.code = thrown.code();
  what.text = text_of(thrown.what());
  what.context = context_frames();
  what.last = {text_of(checkpoint_->m_file_name), checkpoint_->m_line_num, checkpoint_->m_message};
  tell(std::move(what));
  ut::framework::clear_context();
}

void recorder::tell(event what) {
  if (!notes_.is_writer()) return;
  flush_output();
  what.passed = notes_.passed();
  if (how_ == telling::ahead) {
    what.out_at = place_of(1);
    what.err_at = place_of(2);
  }
  try {
    // The case may have closed the socket, or left no memory.
    if (!program_.post(what)) notes_.note_loss();
  } catch (...) {
    notes_.note_loss();
    throw;
  }
}

void recorder::note_checkpoint() {
  if (!notes_.is_writer()) return;
  notes_.set_checkpoint({checkpoint_->m_file_name.begin(), checkpoint_->m_file_name.size()},
                        checkpoint_->m_line_num, checkpoint_->m_message);
}

void run_recorded(const std::vector<ut::test_unit_fixture_ptr>& fixtures,
                  const boost::function<void()>& body, recorder& with) {
  bool ready = true;
  for (const ut::test_unit_fixture_ptr& fixture : fixtures)
    if (ready) ready = with.run([&] { fixture->setup(); });
  if (ready) with.run(body);
  for (auto fixture = fixtures.rbegin(); fixture != fixtures.rend(); ++fixture)
    with.run([&] { (*fixture)->teardown(); });
}

}  // namespace isolatte::inline v0_1::test
