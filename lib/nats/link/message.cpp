// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "nats/link/message.hpp"

#include <charconv>

#include <nats/nats.h>

namespace isolatte::inline v0_1::nats::link {

namespace {

std::string_view view_of(const char* text) noexcept {
  return text == nullptr ? std::string_view{} : std::string_view{text};
}

}  // namespace

void free_message::operator()(__natsMsg* what) const noexcept { natsMsg_Destroy(what); }

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
  auto const text = header("Status");
  if (!text) return 0;
  int code = 0;
  auto const [end, ec] = std::from_chars(text->data(), text->data() + text->size(), code);
  // The server writes three digits; an application may have a header of that name, too.
  if (ec != std::errc{} || end != text->data() + 3 || code < 100) return 0;
  return code;
}

}  // namespace isolatte::inline v0_1::nats::link
