// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "routes.hpp"

#include "../examine/examine.hpp"
#include "../jobs/text.hpp"
#include "site_files.hpp"

#include <charconv>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string_view>
#include <utility>

namespace service {

namespace {

constexpr std::string_view a_job = "/api/jobs/";
constexpr std::string_view a_sample = "/api/samples/";

response not_allowed(std::string methods) {
  response made = refusal(405, "this is done by " + methods);
  made.headers.emplace_back("Allow", std::move(methods));
  return made;
}

response later(unsigned status, std::string_view why, std::chrono::nanoseconds wait) {
  response made = refusal(status, why);
  auto const seconds = std::chrono::ceil<std::chrono::seconds>(wait).count();
  made.headers.emplace_back("Retry-After", std::to_string(seconds));
  return made;
}

bool is_type(std::string_view given, std::string_view wanted) {
  return given.substr(0, given.find(';')) == wanted;
}

}  // namespace

routes::routes(const settings& given, laboratory& jobs, cross_site guard)
    : settings_{given},
      jobs_{jobs},
      guard_{std::move(guard)},
      job_rate_{given.rate, given.burst, given.total_rate, given.total_burst},
      uploads_{std::make_shared<byte_budget>(given.client_uploads, given.max_uploads)},
      jobs_there_{given.workers + given.client_queue, given.workers + given.queue},
      streams_{given.client_streams, given.streams} {}

std::variant<response, read_body, send_events> routes::admit(const request& asked) {
  if (auto refused = guard_.refuse(asked)) return std::move(*refused);
  if (asked.method == "GET" || asked.method == "HEAD") return get(asked);
  if (asked.method == "POST") return post(asked);
  return not_allowed("GET, HEAD, POST");
}

std::variant<response, read_body, send_events> routes::get(const request& asked) {
  for (auto const& file : site_files())
    if (file.path == asked.path) {
      response made;
      made.type = file.type;
      made.body = file.content;
      return made;
    }
  if (asked.path == "/api/events") {
    if (asked.method != "GET") return not_allowed("GET");
    if (is_stopping_) return later(503, "the service is stopping", std::chrono::seconds{5});
    auto place = streams_.take(asked.client);
    if (!place) return later(503, "too many pages watch", std::chrono::seconds{5});
    return send_events{std::move(*place)};
  }
  if (asked.path == "/metrics") return metrics();
  if (asked.path.starts_with(a_job)) {
    std::string_view const digits = std::string_view{asked.path}.substr(a_job.size());
    std::uint64_t id = 0;
    auto const [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), id);
    if (error == std::errc{} && end == digits.data() + digits.size())
      if (auto found = jobs_.details(id)) return response{.body = std::move(*found), .headers = {}};
    return refusal(404, "there is no such job, or not any more");
  }
  if (asked.path == "/api/files" || asked.path == "/api/patterns" ||
      asked.path.starts_with(a_sample))
    return not_allowed("POST");
  return refusal(404, "there is no such page");
}

std::variant<response, read_body, send_events> routes::post(const request& asked) {
  read_body made;
  if (asked.path == "/api/files") {
    if (!is_type(asked.content_type, "application/octet-stream"))
      return refusal(415, "a file is application/octet-stream");
    made.most = settings_.max_file;
  } else if (asked.path == "/api/patterns") {
    if (!is_type(asked.content_type, "application/json"))
      return refusal(415, "a pattern is application/json");
    made.most = settings_.max_pattern;
  } else if (!asked.path.starts_with(a_sample) ||
             !is_sample(std::string_view{asked.path}.substr(a_sample.size()))) {
    return refusal(404, "nothing takes this");
  }
  if (is_stopping_) return later(503, "the service is stopping", std::chrono::seconds{5});
  auto const wait = job_rate_.take(asked.client);
  if (wait != std::chrono::nanoseconds{0})
    return later(429, "so many jobs at a time are too many", wait);
  return made;
}

response routes::no_memory() {
  return later(503, "too many files are under way", std::chrono::seconds{1});
}

std::variant<upload_bytes, response> routes::announce(const std::string& client,
                                                      std::size_t bytes) {
  auto held = upload_bytes::announce(uploads_, client, bytes);
  if (!held) return later(429, "so many files at a time are too many", std::chrono::seconds{1});
  // Others may take the memory before all has come, but why begin without.
  if (uploads_->left() < bytes) return no_memory();
  return std::move(*held);
}

response routes::answer(request asked, lease held) {
  // Waiting for the body may have taken long.
  if (is_stopping_) return later(503, "the service is stopping", std::chrono::seconds{5});
  auto place = jobs_there_.take(asked.client);
  if (!place)
    return jobs_there_.is_full()
               ? later(503, "too many jobs wait", std::chrono::seconds{1})
               : later(429, "too many of your jobs wait", std::chrono::seconds{1});
  held.join(std::move(*place));
  std::uint64_t id = 0;
  if (asked.path == "/api/files") {
    std::string name = clean(decode_percent(asked.file_name), 200);
    if (name.empty()) name = "a file";
    id = jobs_.submit_file(asked.client, std::move(name), std::move(asked.body), std::move(held));
  } else if (asked.path == "/api/patterns") {
    auto what = pattern_from_json(asked.body);
    if (!what) return refusal(400, "not an object with the strings pattern and text");
    if (what->pattern.empty()) return refusal(400, "the pattern is empty");
    id = jobs_.submit_pattern(asked.client, std::move(*what), std::move(held));
  } else {
    id = jobs_.submit_sample(asked.client, asked.path.substr(a_sample.size()), std::move(held));
  }
  response made;
  made.status = 202;
  made.body = object_json("id", id);
  return made;
}

response routes::metrics() const {
  response made;
  made.type = "text/plain; version=0.0.4; charset=utf-8";
  for (auto const& text : metrics_) made.body += text();
  return made;
}

}  // namespace service
