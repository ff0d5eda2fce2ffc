// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "nats/link/client_options.hpp"

#include <limits>
#include <mutex>

#include <signal.h>

namespace isolatte::inline v0_1::nats::link {

namespace {

/// The name that the server's certificate has to be for.
std::string host_of(const std::string& url) {
  auto const shown = shown_url(url);
  auto const scheme = shown.find("://");
  auto const rest = scheme == std::string::npos ? shown : shown.substr(scheme + 3);
  if (rest.starts_with('[')) return rest.substr(1, rest.find(']') - 1);
  return rest.substr(0, rest.find(':'));
}

const char* or_null(const std::string& text) { return text.empty() ? nullptr : text.c_str(); }

}  // namespace

bool wants_tls(const link_options& options, const std::string& server) {
  return server.starts_with("tls://") || !options.ca.empty() || !options.certificate.empty() ||
         options.insecure;
}

std::string shown_url(const std::string& url) {
  auto const scheme = url.find("://");
  auto const begin = scheme == std::string::npos ? 0 : scheme + 3;
  auto const at = url.rfind('@');
  if (at == std::string::npos || at < begin) return url;
  return url.substr(0, begin) + url.substr(at + 1);
}

natsStatus open_library() noexcept {
  static std::once_flag once;
  static natsStatus status = NATS_OK;
  std::call_once(once, [] {
    // The program's children would inherit that SIGPIPE is ignored.
    struct sigaction before{};
    bool const known = ::sigaction(SIGPIPE, nullptr, &before) == 0;
    status = nats_Open(-1);
    if (known) ::sigaction(SIGPIPE, &before, nullptr);
  });
  return status;
}

options_pointer client_options(const link_options& options, const std::string& server,
                               natsStatus& status) {
  natsOptions* made = nullptr;
  status = natsOptions_Create(&made);
  options_pointer result{made};
  auto const set = [&status](auto function, auto... arguments) {
    if (status == NATS_OK) status = function(arguments...);
  };
  auto* const o = result.get();
  set(natsOptions_SetURL, o, server.c_str());
  set(natsOptions_SetNoRandomize, o, true);
  set(natsOptions_SetIgnoreDiscoveredServers, o, true);
  set(natsOptions_SetAllowReconnect, o, false);
  set(natsOptions_SetTimeout, o, std::int64_t{options.connect_timeout.count()});
  set(natsOptions_SetName, o, options.client_name.c_str());
  set(natsOptions_SetPingInterval, o, std::int64_t{options.ping_interval.count()});
  set(natsOptions_SetMaxPingsOut, o, options.max_pings_out);
  set(natsOptions_SetWriteDeadline, o, std::int64_t{options.write_timeout.count()});
  set(natsOptions_SetSendAsap, o, true);
  set(natsOptions_UseGlobalMessageDelivery, o, true);
  if (!options.user.empty())
    set(natsOptions_SetUserInfo, o, options.user.c_str(), options.password.c_str());
  if (!options.creds_file.empty())
    set(natsOptions_SetUserCredentialsFromFiles, o, options.creds_file.c_str(),
        static_cast<const char*>(nullptr));
  if (wants_tls(options, server)) {
    set(natsOptions_SetSecure, o, true);
    // libnats may have been built so that it compares no names by itself.
    set(natsOptions_SetExpectedHostname, o, host_of(server).c_str());
  }
  if (!options.ca.empty()) set(natsOptions_LoadCATrustedCertificates, o, options.ca.c_str());
  if (!options.certificate.empty())
    set(natsOptions_LoadCertificatesChain, o, options.certificate.c_str(),
        or_null(options.key.string()));
  if (options.insecure) set(natsOptions_SkipServerVerification, o, true);
  return result;
}

}  // namespace isolatte::inline v0_1::nats::link
