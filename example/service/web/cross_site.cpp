// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "cross_site.hpp"

#include <algorithm>
#include <cctype>

namespace service {

namespace {

/// @return nothing if the port is no number
std::string_view without_port(std::string_view host) {
  std::size_t const colon = host.rfind(':');
  // An address of IPv6 has brackets around it and colons in it.
  std::size_t const bracket = host.rfind(']');
  if (colon == host.npos || (bracket != host.npos && colon < bracket)) return host;
  auto const port = host.substr(colon + 1);
  bool const is_number = port.find_first_not_of("0123456789") == port.npos;
  return is_number ? host.substr(0, colon) : std::string_view{};
}

bool is_same_name(std::string_view left, std::string_view right) {
  return std::equal(left.begin(), left.end(), right.begin(), right.end(), [](char a, char b) {
    return std::tolower(static_cast<unsigned char>(a)) ==
           std::tolower(static_cast<unsigned char>(b));
  });
}

}  // namespace

bool cross_site::is_own(const request& asked) const {
  std::string_view const name = without_port(asked.host);
  return (!name.empty() && name == asked.reached) ||
         std::any_of(hosts_.begin(), hosts_.end(),
                     [&](const std::string& own) { return is_same_name(own, name); });
}

std::optional<response> cross_site::refuse(const request& asked) const {
  if (!is_own(asked))
    return refusal(421, "the service does not know this name; --host gives it one more");
  if (!asked.origin.empty() && !is_same_name(asked.origin, "http://" + asked.host) &&
      !is_same_name(asked.origin, "https://" + asked.host))
    return refusal(403, "the request comes from another site");
  // A link on another site may lead to the page itself, and to nothing else.
  bool const is_foreign =
      !asked.fetch_site.empty() && asked.fetch_site != "same-origin" && asked.fetch_site != "none";
  if (is_foreign && asked.path != "/") return refusal(403, "the request comes from another site");
  // No form and no plain request of another site can have a header of its own.
  if (asked.method == "POST" && asked.marker.empty())
    return refusal(403, "the header X-Isolatte is missing");
  return std::nullopt;
}

const std::vector<std::pair<std::string, std::string>>& security_headers() {
  static std::vector<std::pair<std::string, std::string>> const headers{
      {"Content-Security-Policy",
       "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
       "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
       "require-trusted-types-for 'script'; trusted-types 'none'"},
      {"X-Content-Type-Options", "nosniff"},
      {"X-Frame-Options", "DENY"},
      {"Referrer-Policy", "no-referrer"},
      {"Cross-Origin-Opener-Policy", "same-origin"},
      {"Cross-Origin-Resource-Policy", "same-origin"},
      {"Cache-Control", "no-store"}};
  return headers;
}

}  // namespace service
