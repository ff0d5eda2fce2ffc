// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "launch/symboliser.hpp"

#include "launch/describe.hpp"
#include "launch/fork.hpp"

#include <isolatte/detail/task/child_task.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <optional>
#include <span>
#include <utility>

namespace isolatte::inline v0_1::launch {

namespace {

constexpr std::size_t max_text = 1024 * 1024;

/// Writes a line for each address.
class naming_task final : public detail::child_task {
 public:
  explicit naming_task(std::span<const std::byte> addresses) noexcept : addresses_{addresses} {}

  static std::unique_ptr<child_task> make(std::span<const std::byte> addresses) {
    return std::make_unique<naming_task>(addresses);
  }

  void invoke() override {
    for (auto rest = addresses_; rest.size() >= sizeof(std::uintptr_t);
         rest = rest.subspan(sizeof(std::uintptr_t))) {
      std::uintptr_t address = 0;
      std::memcpy(&address, rest.data(), sizeof address);
      text_ += describe(address) + '\n';
    }
  }
  void encode(detail::byte_buffer& out) const override { out.append(text_.data(), text_.size()); }

 private:
  std::span<const std::byte> const addresses_;
  std::string text_;
};

}  // namespace

options naming_options() {
  options opts;
  opts.out = discard;
  opts.timeout = longest_naming;
  opts.max_result = max_text;
  opts.fault_report = false;
  return opts;
}

detail::remote_call make_naming_call(const stack_trace& trace) {
  detail::remote_call call;
  call.entry = &naming_task::make;
  auto const bytes = std::as_bytes(std::span{trace.unnamed()});
  call.arguments.append(bytes.data(), bytes.size());
  return call;
}

std::string text_of(const stack_trace& trace) noexcept try {
  return trace.text();
} catch (const std::bad_alloc&) {
  return {};
}

std::string text_of(stack_trace& trace, const detail::report& found) noexcept {
  try {
    if (found.summary.how == ending::returned)
      trace.name({reinterpret_cast<const char*>(found.payload.data()), found.payload.size()});
  } catch (const std::bad_alloc&) {
    // The frames without a name are told by module and offset.
  }
  return text_of(trace);
}

void symbolise_by_fork(const boost::asio::any_io_executor& executor,
                       const posix::fault_record& fault, std::function<void(std::string)> then) {
  stack_trace trace{posix::object_map::of_this_process(), fault};
  if (trace.unnamed().empty()) return then(text_of(trace));
  naming_task task{std::as_bytes(std::span{trace.unnamed()})};
  launched child = fork(executor, task, naming_options(), nullptr, {}, {}, std::nullopt);
  if (child.refused) return then(text_of(trace));
  child.supervisor->async_own([trace = std::move(trace), then = std::move(then)](
                                  boost::system::error_code, detail::report found) mutable {
    then(text_of(trace, found));
  });
  child.begin();
}

}  // namespace isolatte::inline v0_1::launch
