// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "launch/symboliser.hpp"

#include "launch/describe.hpp"
#include "launch/fork.hpp"
#include "posix/process_registry.hpp"

#include <isolatte/detail/operation/operation.hpp>
#include <isolatte/detail/task/child_task.hpp>

#include <boost/asio/post.hpp>

#include <chrono>
#include <cstdint>
#include <map>
#include <new>
#include <string_view>
#include <utility>
#include <vector>

namespace isolatte::inline v0_1::launch {

namespace {

using addresses = std::vector<std::uintptr_t>;

/// How long the child may take. No program's debug information takes this long.
constexpr std::chrono::seconds longest_wait{20};
constexpr std::size_t max_text = 1024 * 1024;

/// Writes a line for each address.
class describe_task final : public detail::child_task {
 public:
  explicit describe_task(const addresses& what) noexcept : what_{what} {}
  void invoke() override {
    for (std::uintptr_t const address : what_) text_ += describe(address) + '\n';
  }
  void encode(detail::byte_buffer& out) const override { out.append(text_.data(), text_.size()); }
  void release() noexcept override {}

 private:
  const addresses& what_;
  std::string text_;
};

/// Keeps the line of every address that has been looked up, as long as the process lives. Guarded
/// by the registry's lock, which no child finds locked.
class line_cache {
 public:
  static line_cache& get() {
    static line_cache* const instance = new line_cache;
    return *instance;
  }

  addresses unknown_of(const addresses& what) {
    auto const lock = posix::lock_registry();
    addresses unknown;
    for (std::uintptr_t const address : what)
      if (!lines_.contains(address)) unknown.push_back(address);
    return unknown;
  }

  void keep(const addresses& what, std::string_view text) {
    auto const lock = posix::lock_registry();
    if (lines_.size() > max_lines) lines_.clear();
    for (std::uintptr_t const address : what) {
      auto const end = text.find('\n');
      if (end == std::string_view::npos) return;
      lines_.insert_or_assign(address, std::string{text.substr(0, end)});
      text.remove_prefix(end + 1);
    }
  }

  std::string text_of(const addresses& what) {
    auto const lock = posix::lock_registry();
    std::vector<std::string> lines;
    for (std::uintptr_t const address : what) {
      auto const found = lines_.find(address);
      lines.push_back(found != lines_.end() ? found->second : hexadecimal(address));
    }
    return number(lines);
  }

 private:
  static constexpr std::size_t max_lines = 8192;
  std::map<std::uintptr_t, std::string> lines_;
};

}  // namespace

void symbolise(const boost::asio::any_io_executor& executor, const posix::fault_record& fault,
               std::function<void(std::string)> then) {
  line_cache& cache = line_cache::get();
  addresses unknown = cache.unknown_of(fault.frames);
  options opts;
  opts.out = discard;
  opts.timeout = longest_wait;
  opts.max_result = max_text;
  opts.fault_report = false;
  describe_task task{unknown};
  launched child = unknown.empty() ? launched{} : fork(executor, task, opts, nullptr);
  if (unknown.empty() || child.refused) {
    // Without a child the addresses have to do.
    then(cache.text_of(fault.frames));
    return;
  }
  child.supervisor->async_own([&cache, unknown, all = fault.frames, then = std::move(then)](
                                  boost::system::error_code, detail::report report) {
    std::string text;
    try {
      if (report.summary.how == ending::returned)
        cache.keep(unknown,
                   {reinterpret_cast<const char*>(report.payload.data()), report.payload.size()});
      text = cache.text_of(all);
    } catch (const std::bad_alloc&) {
      // The run goes on without the text.
    }
    then(std::move(text));
  });
  child.begin();
}

}  // namespace isolatte::inline v0_1::launch
