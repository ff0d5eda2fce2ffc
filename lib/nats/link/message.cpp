// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "nats/link/message.hpp"

#include <array>
#include <charconv>
#include <cstddef>
#include <mutex>

#include <nats/nats.h>

namespace isolatte::inline v0_1::nats::link {

namespace {

std::string_view view_of(const char* text) noexcept {
  return text == nullptr ? std::string_view{} : std::string_view{text};
}

/// Messages that are to be destroyed. libnats has a thread that does it, and wakes that for each
/// one unless it is busy, which costs more than all else that is done to a short message. So many
/// are given to it at once.
class waste {
 public:
  static void add(natsMsg* what) noexcept {
    // In a copy of the program no thread may be left that releases the lock.
    std::unique_lock const lock{mutex_, std::try_to_lock};
    if (!lock) return natsMsg_Destroy(what);
    kept_[count_++] = what;
    bytes_ += natsMsg_GetDataLength(what);
    if (count_ != kept_.size() && bytes_ < most_bytes) return;
    for (std::size_t i = 0; i != count_; ++i) natsMsg_Destroy(kept_[i]);
    count_ = 0;
    bytes_ = 0;
  }

 private:
  static constexpr long most_bytes = 256 * 1024;

  static constinit std::mutex mutex_;
  static constinit std::array<natsMsg*, 64> kept_;
  static constinit std::size_t count_;
  static constinit long bytes_;
};

constinit std::mutex waste::mutex_;
constinit std::array<natsMsg*, 64> waste::kept_{};
constinit std::size_t waste::count_ = 0;
constinit long waste::bytes_ = 0;

}  // namespace

void free_message::operator()(__natsMsg* what) const noexcept { waste::add(what); }

std::string_view message::subject() const noexcept {
  return view_of(what_ ? natsMsg_GetSubject(what_.get()) : nullptr);
}

std::string_view message::reply() const noexcept {
  return view_of(what_ ? natsMsg_GetReply(what_.get()) : nullptr);
}

std::string_view message::text() const noexcept {
  if (!what_) return {};
  auto const size = natsMsg_GetDataLength(what_.get());
  if (size <= 0) return {};
  return {natsMsg_GetData(what_.get()), static_cast<std::size_t>(size)};
}

std::span<const std::byte> message::data() const noexcept { return bytes_of(text()); }

std::optional<std::string_view> message::header(const char* name) const noexcept {
  const char* value = nullptr;
  if (!what_ || natsMsgHeader_Get(what_.get(), name, &value) != NATS_OK || value == nullptr) {
    return {};
  }
  return value;
}

int message::status() const noexcept {
  if (is_no_responders_) return 503;
  auto const text = header("Status");
  if (!text) return 0;
  int code = 0;
  auto const [end, ec] = std::from_chars(text->data(), text->data() + text->size(), code);
  // The server writes three digits; an application may have a header of that name, too.
  if (ec != std::errc{} || end != text->data() + 3 || code < 100) return 0;
  return code;
}

}  // namespace isolatte::inline v0_1::nats::link
