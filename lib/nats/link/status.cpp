// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "nats/link/status.hpp"

#include <boost/system/errc.hpp>
#include <boost/system/error_condition.hpp>

#include <string>

#include <nats/nats.h>

namespace isolatte::inline v0_1::nats::link {

namespace {

class nats_category final : public boost::system::error_category {
 public:
  const char* name() const noexcept override { return "isolatte.nats"; }
  std::string message(int value) const override {
    return natsStatus_GetText(static_cast<natsStatus>(value));
  }
  boost::system::error_condition default_error_condition(int value) const noexcept override {
    namespace errc = boost::system::errc;
    switch (static_cast<natsStatus>(value)) {
      case NATS_CONNECTION_AUTH_FAILED:
      case NATS_NOT_PERMITTED: return make_error_condition(errc::permission_denied);
      case NATS_SSL_ERROR:
      case NATS_PROTOCOL_ERROR:
      case NATS_SECURE_CONNECTION_WANTED:
      case NATS_SECURE_CONNECTION_REQUIRED: return make_error_condition(errc::protocol_error);
      case NATS_NO_SERVER: return make_error_condition(errc::connection_refused);
      case NATS_IO_ERROR:
      case NATS_CONNECTION_CLOSED:
      case NATS_CONNECTION_DISCONNECTED: return make_error_condition(errc::connection_reset);
      case NATS_TIMEOUT:
      case NATS_STALE_CONNECTION: return make_error_condition(errc::timed_out);
      case NATS_NO_RESPONDERS: return make_error_condition(errc::address_not_available);
      case NATS_MAX_PAYLOAD: return make_error_condition(errc::message_size);
      case NATS_NO_MEMORY: return make_error_condition(errc::not_enough_memory);
      case NATS_INVALID_ARG:
      case NATS_INVALID_SUBJECT:
      case NATS_ADDRESS_MISSING: return make_error_condition(errc::invalid_argument);
      default: return {value, *this};
    }
  }
};

}  // namespace

const boost::system::error_category& status_category() noexcept {
  static const nats_category instance;
  return instance;
}

boost::system::error_code status_code(int status) noexcept { return {status, status_category()}; }

boost::system::error_code no_responders() noexcept { return status_code(NATS_NO_RESPONDERS); }

bool is_refusal(const boost::system::error_code& ec) noexcept {
  if (ec.category() != status_category()) return false;
  switch (static_cast<natsStatus>(ec.value())) {
    case NATS_CONNECTION_AUTH_FAILED:
    case NATS_SSL_ERROR:
    case NATS_SECURE_CONNECTION_WANTED:
    case NATS_SECURE_CONNECTION_REQUIRED:
    case NATS_INVALID_ARG:
    case NATS_ADDRESS_MISSING:
    case NATS_NOT_FOUND: return true;
    default: return false;
  }
}

}  // namespace isolatte::inline v0_1::nats::link
