// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_LIB_NATS_LINK_CLIENT_OPTIONS_HPP
#define ISOLATTE_LIB_NATS_LINK_CLIENT_OPTIONS_HPP

#include "nats/link/options.hpp"

#include <memory>
#include <string>

#include <nats/nats.h>

namespace isolatte::inline v0_1::nats::link {

struct free_options {
  void operator()(natsOptions* what) const noexcept { natsOptions_Destroy(what); }
};
using options_pointer = std::unique_ptr<natsOptions, free_options>;

/// The address without user and password.
std::string shown_url(const std::string& url);

/// Whether connections to the server are encrypted.
bool wants_tls(const link_options& options, const std::string& server);

/// Makes libnats's options for one server. Reads the files of certificates, so it may block.
/// @param status why it cannot, with nats_GetLastError()
options_pointer client_options(const link_options& options, const std::string& server,
                               natsStatus& status);

/// Initialises libnats once, and keeps the program's disposition of SIGPIPE, which libnats changes.
natsStatus open_library() noexcept;

}  // namespace isolatte::inline v0_1::nats::link

#endif
