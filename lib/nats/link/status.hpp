// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_LIB_NATS_LINK_STATUS_HPP
#define ISOLATTE_LIB_NATS_LINK_STATUS_HPP

#include <isolatte/config.hpp>

#include <boost/system/error_code.hpp>

namespace isolatte::inline v0_1::nats::link {

/// The category of libnats's `natsStatus`, named "isolatte.nats". The codes are equal to portable
/// conditions:
///
/// | what | condition |
/// |---|---|
/// | user, password or credentials refused | permission_denied |
/// | TLS: certificates, authorities, a server without TLS | protocol_error |
/// | the server cannot be reached | connection_refused |
/// | the connection has ended | connection_reset |
/// | no answer in time | timed_out |
/// | nothing answers requests of that subject | address_not_available |
/// | larger than the server allows | message_size |
const boost::system::error_category& status_category() noexcept;

/// @param status a natsStatus
boost::system::error_code status_code(int status) noexcept;

/// Nothing answers requests of that subject.
boost::system::error_code no_responders() noexcept;

/// Whether trying again will not mend it soon.
bool is_refusal(const boost::system::error_code& ec) noexcept;

}  // namespace isolatte::inline v0_1::nats::link

#endif
