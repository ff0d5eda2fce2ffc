// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "exception/record.hpp"

#include <isolatte/detail/vocabulary/malformed_frame.hpp>

#include <concepts>
#include <cstring>

namespace isolatte::inline v0_1::detail {

namespace {

constexpr std::byte link_follows{0xe1};
constexpr std::byte end_of_chain{0xe0};

struct counter {
  std::size_t size = 0;

  template <std::integral Number>
  void item(const Number&) noexcept {
    size += sizeof(Number);
  }
  void item(const std::string_view& text) noexcept { size += sizeof(std::uint64_t) + text.size(); }
};

struct writer {
  std::byte* at;

  template <std::integral Number>
  void item(const Number& number) noexcept {
    put(&number, sizeof number);
  }
  void item(const std::string_view& text) noexcept {
    item(std::uint64_t{text.size()});
    put(text.data(), text.size());
  }
  void put(const void* bytes, std::size_t count) noexcept {
    if (count != 0) std::memcpy(at, bytes, count);
    at += count;
  }
};

struct reader {
  std::span<const std::byte> rest;

  template <std::integral Number>
  void item(Number& number) {
    std::memcpy(&number, take(sizeof number).data(), sizeof number);
  }
  void item(bool& flag) {
    auto const bits = std::to_integer<unsigned>(take(1)[0]);
    if (bits > 1) throw_malformed("a flag of an exception is neither true nor false");
    flag = bits != 0;
  }
  void item(std::string_view& text) {
    std::uint64_t size = 0;
    item(size);
    auto const bytes = take(size);
    text = {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
  }
  std::span<const std::byte> take(std::uint64_t count) {
    if (count > rest.size()) throw_malformed("an exception is cut short");
    auto const taken = rest.first(static_cast<std::size_t>(count));
    rest = rest.subspan(taken.size());
    return taken;
  }
};

template <class Coder, class T>
void code(Coder& coder, const std::optional<T>& value) {
  coder.item(value.has_value());
  if (value) coder.item(*value);
}

template <class T>
void code(reader& coder, std::optional<T>& value) {
  bool there = false;
  coder.item(there);
  if (there) coder.item(value.emplace());
}

template <class Coder, class Alternatives>
void code(Coder& coder, const Alternatives& alternatives) {
  coder.item(static_cast<std::uint8_t>(alternatives.size()));
  for (const exception_alternative& alternative : alternatives) {
    coder.item(alternative.key.name);
    coder.item(alternative.key.ordinal);
    code(coder, alternative.data);
  }
}

template <class Alternatives>
void code(reader& coder, Alternatives& alternatives) {
  std::uint8_t count = 0;
  coder.item(count);
  if (count > max_alternatives) throw_malformed("an exception has too many types");
  for (unsigned i = 0; i < count; ++i) {
    exception_alternative& alternative = alternatives.emplace_back();
    coder.item(alternative.key.name);
    coder.item(alternative.key.ordinal);
    code(coder, alternative.data);
  }
}

/// Most exceptions' text equals the message, and is not sent twice.
template <class Coder>
void code_text(Coder& coder, const exception_link& link) {
  bool const same = link.standard.text == link.message;
  coder.item(same);
  if (!same) code(coder, link.standard.text);
}

void code_text(reader& coder, exception_link& link) {
  bool same = false;
  coder.item(same);
  if (same)
    link.standard.text = link.message;
  else
    code(coder, link.standard.text);
}

template <class Coder, class Link>
void code_link(Coder& coder, Link& link) {
  coder.item(link.exact);
  coder.item(link.speaks);
  coder.item(link.type_name);
  coder.item(link.message);

  code_text(coder, link);
  code(coder, link.standard.code);
  code(coder, link.standard.boost_code);
  code(coder, link.standard.number);
  code(coder, link.standard.file_text);
  if (link.standard.file_text) {
    coder.item(link.standard.path1);
    coder.item(link.standard.path2);
  }

  bool has_boost = link.boost.has_value();
  coder.item(has_boost);
  if (has_boost) {
    if constexpr (std::same_as<Coder, reader>) link.boost.emplace();
    code(coder, link.boost->file);
    code(coder, link.boost->function);
    code(coder, link.boost->line);
    code(coder, link.boost->column);
    coder.item(link.boost->infos);
  }

  code(coder, link.alternatives);
}

}  // namespace

[[gnu::cold]] std::size_t size_of_link(const exception_link& link) noexcept {
  counter count;
  code_link(count, link);
  return sizeof link_follows + count.size;
}

[[gnu::cold]] void write_link(byte_buffer& out, const exception_link& link) {
  writer write{out.extend(size_of_link(link))};
  write.put(&link_follows, sizeof link_follows);
  code_link(write, link);
}

void write_end(byte_buffer& out) { out.push_back(end_of_chain); }

std::optional<exception_link> link_reader::next() {
  reader read{rest_};
  auto const tag = read.take(1)[0];
  std::optional<exception_link> link;
  if (tag == link_follows)
    code_link(read, link.emplace());
  else if (tag != end_of_chain)
    throw_malformed("an exception begins with an unknown tag");
  else if (!read.rest.empty())
    throw_malformed("bytes follow an exception");
  rest_ = read.rest;
  return link;
}

}  // namespace isolatte::inline v0_1::detail
