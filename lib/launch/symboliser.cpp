// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "launch/symboliser.hpp"

#include "launch/fork_launcher.hpp"
#include "trace/describe.hpp"

#include <isolatte/detail/child_task.hpp>
#include <isolatte/detail/operation.hpp>

#include <boost/asio/post.hpp>

#include <chrono>
#include <cstdint>
#include <map>
#include <mutex>
#include <utility>
#include <vector>

namespace isolatte::launch {

namespace {

using frames = std::vector<std::uintptr_t>;

/// No program's debug information takes this long, and no fault is worth waiting longer.
constexpr std::chrono::seconds patience{20};
constexpr std::size_t max_text = 1024 * 1024;

class describe_task final : public detail::child_task {
 public:
  explicit describe_task(const frames& what) noexcept : what_{what} {}
  void invoke() override { text_ = trace::describe(what_); }
  void encode(detail::byte_buffer& out) const override {
    out.append(text_.data(), text_.size());
  }

 private:
  const frames& what_;
  std::string text_;
};

class text_cache {
 public:
  static text_cache& get() {
    static text_cache* const instance = new text_cache;
    return *instance;
  }

  std::string find(const frames& what) {
    std::lock_guard const lock{mutex_};
    auto const found = texts_.find(what);
    return found == texts_.end() ? std::string{} : found->second;
  }

  void keep(frames what, std::string text) {
    std::lock_guard const lock{mutex_};
    if (texts_.size() == max_texts) texts_.erase(texts_.begin());
    texts_.insert_or_assign(std::move(what), std::move(text));
  }

 private:
  static constexpr std::size_t max_texts = 256;
  std::mutex mutex_;
  std::map<frames, std::string> texts_;
};

}  // namespace

void symbolise(const boost::asio::any_io_executor& executor, const posix::fault_record& fault,
               std::function<void(std::string)> then) {
  if (std::string known = text_cache::get().find(fault.frames);
      !known.empty() || fault.frames.empty()) {
    then(std::move(known));
    return;
  }
  options opts;
  opts.out = discard;
  opts.timeout = patience;
  opts.max_result = max_text;
  opts.fault_report = false;
  describe_task task{fault.frames};
  boost::system::error_code ec;
  const char* step = "";
  forked child = fork(executor, task, opts, nullptr, ec, step);
  if (ec) {
    then(trace::list_addresses(fault.frames));
    return;
  }
  child.supervisor->async_own([what = fault.frames, then = std::move(then)](
                                  boost::system::error_code, detail::report report) mutable {
    if (report.summary.how != ending::returned || report.payload.empty()) {
      then(trace::list_addresses(what));
      return;
    }
    std::string text{reinterpret_cast<const char*>(report.payload.data()), report.payload.size()};
    text_cache::get().keep(std::move(what), text);
    then(std::move(text));
  });
  child.begin();
}

}  // namespace isolatte::launch
