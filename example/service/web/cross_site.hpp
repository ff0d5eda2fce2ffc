// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_EXAMPLE_SERVICE_CROSS_SITE_HPP
#define ISOLATTE_EXAMPLE_SERVICE_CROSS_SITE_HPP

#include "message.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace service {

/// Keeps the pages of other sites from using this service through a visitor's browser.
class cross_site {
 public:
  /// @param hosts the names of the service, without ports
  explicit cross_site(std::vector<std::string> hosts) : hosts_{std::move(hosts)} {}

  /// Refuses requests for another host, since another site's name may lead to this address, and
  /// those that another site's page sends. The address itself is no site's name.
  /// @return nothing if the request is fine
  std::optional<response> refuse(const request& asked) const;

 private:
  bool is_own(const request& asked) const;

  std::vector<std::string> hosts_;
};

/// The headers of every response.
const std::vector<std::pair<std::string, std::string>>& security_headers();

}  // namespace service

#endif
