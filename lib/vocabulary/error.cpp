// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include <isolatte/error.hpp>

#include <boost/system/errc.hpp>
#include <boost/system/error_condition.hpp>

#include <string>

namespace isolatte::inline v0_1 {

namespace {

class category final : public boost::system::error_category {
 public:
  const char* name() const noexcept override { return "isolatte"; }
  std::string message(int value) const override {
    switch (static_cast<error>(value)) {
      case error::already_waiting: return "another wait for this child is pending";
      case error::already_delivered: return "the outcome has been handed out";
      case error::no_child: return "there is no child";
      case error::bad_element: return "an element of the range could not be taken";
      case error::server_died: return "the fork server died";
      case error::unknown_function:
        return "the process does not have the function: its library was loaded later";
      case error::queue_full: return "too many jobs are waiting";
      case error::sandbox_unsupported: return "the system cannot enforce the sandbox";
      case error::preload_failed: return "the fork server's preload failed";
      case error::worker_start_failed: return "the pool's workers do not start";
      case error::expired: return "the deadline came before the job was begun";
      case error::bad_message: return "a message of the job's could not be read back";
      case error::state_lost: return "the process that held the state has ended";
      case error::not_in_time: return "no host began the job in time";
      case error::no_server: return "no server has stored the job";
      case error::too_large: return "the arguments are too large for the server";
    }
    return "unknown error " + std::to_string(value);
  }
  boost::system::error_condition default_error_condition(int value) const noexcept override {
    namespace errc = boost::system::errc;
    switch (static_cast<error>(value)) {
      case error::already_waiting: return make_error_condition(errc::operation_in_progress);
      // A second wait for the same child is ECHILD, too.
      case error::already_delivered:
      case error::no_child: return make_error_condition(errc::no_child_process);
      case error::server_died: return make_error_condition(errc::connection_reset);
      case error::unknown_function: return make_error_condition(errc::function_not_supported);
      case error::queue_full: return make_error_condition(errc::resource_unavailable_try_again);
      case error::preload_failed:
      case error::worker_start_failed: return make_error_condition(errc::state_not_recoverable);
      case error::sandbox_unsupported: return make_error_condition(errc::not_supported);
      case error::expired: return make_error_condition(errc::timed_out);
      case error::bad_message: return make_error_condition(errc::bad_message);
      case error::state_lost: return make_error_condition(errc::owner_dead);
      case error::not_in_time: return make_error_condition(errc::timed_out);
      case error::no_server: return make_error_condition(errc::not_connected);
      case error::too_large: return make_error_condition(errc::message_size);
      case error::bad_element: break;
    }
    return {value, *this};
  }
};

class of_preparation final : public boost::system::error_category {
 public:
  const char* name() const noexcept override { return "isolatte.preparation"; }
  std::string message(int value) const override {
    return boost::system::system_category().message(value);
  }
  boost::system::error_condition default_error_condition(int value) const noexcept override {
    return boost::system::system_category().default_error_condition(value);
  }
};

}  // namespace

const boost::system::error_category& error_category() noexcept {
  static const category instance;
  return instance;
}

const boost::system::error_category& preparation_category() noexcept {
  static const of_preparation instance;
  return instance;
}

}  // namespace isolatte::inline v0_1
