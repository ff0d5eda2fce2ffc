// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "nats/settings.hpp"

#include <isolatte/detail/vocabulary/code_name.hpp>

#include <boost/asio/ip/address.hpp>
#include <boost/system/errc.hpp>
#include <boost/system/system_error.hpp>

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

namespace isolatte::inline v0_1::nats {

namespace errc = boost::system::errc;

namespace {

constexpr std::chrono::milliseconds shortest_lease{100};

[[noreturn]] void refuse(errc::errc_t why, const std::string& what) {
  throw boost::system::system_error{make_error_code(why), "isolatte: " + what};
}

bool is_letter_or_digit(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/// Whether the text can be a token of a subject, and a part of a stream's name.
bool is_name(std::string_view text) noexcept {
  return !text.empty() && std::ranges::all_of(text, [](char c) {
    return is_letter_or_digit(c) || c == '-' || c == '_';
  });
}

struct server_url {
  std::string_view user;
  std::string_view host;
  bool is_encrypted = false;
};

bool is_port(std::string_view text) noexcept {
  unsigned port = 0;
  auto const* const end = text.data() + text.size();
  auto const [stop, ec] = std::from_chars(text.data(), end, port);
  return ec == std::errc{} && stop == end && port >= 1 && port <= 65535;
}

bool is_host(std::string_view text) noexcept {
  return !text.empty() && std::ranges::all_of(text, [](char c) {
    return is_letter_or_digit(c) || c == '-' || c == '_' || c == '.';
  });
}

/// scheme://[user[:password]@]host[:port]; an address of IPv6 stands in brackets.
std::optional<server_url> parse(std::string_view url) {
  server_url result;
  constexpr std::string_view plain = "nats://";
  constexpr std::string_view encrypted = "tls://";
  result.is_encrypted = url.starts_with(encrypted);
  if (!result.is_encrypted && !url.starts_with(plain)) return {};
  url.remove_prefix(result.is_encrypted ? encrypted.size() : plain.size());
  if (auto const at = url.rfind('@'); at != std::string_view::npos) {
    result.user = url.substr(0, at);
    if (result.user.empty()) return {};
    url.remove_prefix(at + 1);
  }
  std::string_view rest;
  if (url.starts_with('[')) {
    auto const end = url.find(']');
    if (end == std::string_view::npos) return {};
    result.host = url.substr(1, end - 1);
    rest = url.substr(end + 1);
    boost::system::error_code ec;
    boost::asio::ip::make_address_v6(std::string{result.host}, ec);
    if (ec) return {};
  } else {
    auto const end = std::min(url.find(':'), url.size());
    result.host = url.substr(0, end);
    rest = url.substr(end);
    if (!is_host(result.host)) return {};
  }
  if (!rest.empty() && (rest.front() != ':' || !is_port(rest.substr(1)))) return {};
  return result;
}

bool is_this_machine(std::string_view host) {
  if (host == "localhost") return true;
  boost::system::error_code ec;
  auto const address = boost::asio::ip::make_address(std::string{host}, ec);
  return !ec && address.is_loopback();
}

void check(const farm_options& opts, const std::string& server) {
  auto const url = parse(server);
  // The text may hold a password.
  if (!url) refuse(errc::invalid_argument, "the URL of a server of a farm is malformed");
  if (opts.insecure || is_this_machine(url->host)) return;
  auto const& login = opts.login;
  bool const has_login = !url->user.empty() || !login.user.empty() || !login.creds_file.empty() ||
                         !login.certificate.empty();
  bool const is_encrypted = url->is_encrypted || !login.ca.empty() || !login.certificate.empty();
  if (!has_login)
    refuse(errc::permission_denied,
           "a farm's server on another machine needs credentials, or farm_options::insecure");
  if (!is_encrypted)
    refuse(errc::permission_denied,
           "a farm's server on another machine needs encryption, or farm_options::insecure");
}

void check(const farm_options& opts) {
  if (!is_name(opts.name))
    refuse(errc::invalid_argument, "a farm's name has letters, digits, - and _");
  if (opts.code && !is_name(*opts.code))
    refuse(errc::invalid_argument, "the name of a farm's code has letters, digits, - and _");
  if (opts.lease < shortest_lease)
    refuse(errc::invalid_argument, "a farm's lease is at least 100 ms");
  if (opts.replicas != 1 && opts.replicas != 3 && opts.replicas != 5)
    refuse(errc::invalid_argument, "a farm's jobs are stored on 1, 3 or 5 servers");
  if (opts.max_queued == 0 || opts.max_in_flight == 0)
    refuse(errc::invalid_argument, "a farm takes at least one job");
  if (!opts.login.key.empty() && opts.login.certificate.empty())
    refuse(errc::invalid_argument, "a private key of a farm's needs a certificate");
  if (opts.servers.empty()) refuse(errc::invalid_argument, "a farm needs a server");
  for (auto const& server : opts.servers) check(opts, server);
}

}  // namespace

settings::settings(farm_options&& opts) : options_{std::move(opts)} {
  check(options_);
  code_ =
      options_.code ? *options_.code : isolatte::detail::program_build_id().value_or(std::string{});
}

link::link_options settings::link_options(std::string_view client_name) const {
  using std::chrono::milliseconds;
  link::link_options result;
  result.servers = options_.servers;
  result.user = options_.login.user;
  result.password = options_.login.password;
  result.creds_file = options_.login.creds_file;
  result.ca = options_.login.ca;
  result.certificate = options_.login.certificate;
  result.key = options_.login.key;
  result.client_name = client_name;
  // A server that hangs is noticed before a host's lease ends, if the lease is not very short.
  result.ping_interval = std::clamp(std::chrono::duration_cast<milliseconds>(options_.lease / 4),
                                    milliseconds{250}, result.ping_interval);
  return result;
}

std::string settings::jobs_consumer(std::int64_t created) const {
  char digits[16];
  auto const [end, ec] =
      std::to_chars(digits, digits + sizeof digits, static_cast<std::uint64_t>(created), 16);
  return code_ + "-" + std::string(digits, end);
}

}  // namespace isolatte::inline v0_1::nats
