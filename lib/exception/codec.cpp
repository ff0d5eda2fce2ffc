// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "exception/boost.hpp"
#include "exception/faces.hpp"
#include "exception/rebuilt.hpp"
#include "exception/record.hpp"
#include "exception/standard.hpp"

#include <isolatte/detail/exception/codec.hpp>
#include <isolatte/detail/vocabulary/malformed_frame.hpp>

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <list>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace isolatte::inline v0_1::detail {

namespace {

constexpr std::string_view note_of_more = "more exceptions are nested here; they were left out";
constexpr std::string_view note_of_nothing = "the exception could not be carried out of the child";
/// std::current_exception() is null in a handler of an exception that is not one of C++.
constexpr std::string_view note_of_foreign = "a foreign exception, which is not one of C++";

/// Only a program without the derived class needs the data of base classes, so the data is bounded:
/// it must not double the frame.
constexpr std::size_t most_fallback_data = 64 * 1024;
constexpr std::size_t most_name = 4 * 1024;

std::string_view as_text(const byte_buffer& bytes) noexcept {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

exception_link note(std::string_view text) noexcept {
  exception_link link;
  link.speaks = true;
  link.message = text;
  return link;
}

/// Cuts a text, with a note that says so, to at most @p size bytes.
[[gnu::cold]] std::string cut(std::string_view text, std::size_t size) {
  std::string const tail = "... [cut: " + std::to_string(text.size()) + " bytes]";
  size -= std::min(size, tail.size());
  auto const continues = [](char c) { return (static_cast<unsigned char>(c) & 0xc0) == 0x80; };
  while (size > 0 && continues(text[size])) --size;
  return std::string(text.substr(0, size)) + tail;
}

/// One exception in the child, and the storage to which its link refers.
class source {
 public:
  explicit source(const std::exception_ptr& thrown) noexcept
      : thrown_{thrown}, sight_{look_at(thrown)} {
    nested_ = sight_.nested ? sight_.nested->nested_ptr() : nullptr;
  }

  const std::exception_ptr& nested() const noexcept { return nested_; }

  /// A link with everything that can be found out.
  [[gnu::cold]] exception_link full(std::size_t room) {
    exception_link link;
    add_message(link);
    add_type_name(link);
    add_alternatives(link, room);
    link.standard = collect_standard(sight_.standard, standard_);
    if (sight_.boost) link.boost = collect_boost(*sight_.boost, boost_);
    return link;
  }

  /// A link with what can be found out without allocating, and without calling the user's code.
  [[gnu::cold]] exception_link brief() const noexcept {
    exception_link link;
    if (sight_.type) link.type_name = sight_.type->name();
    if (sight_.standard) {
      add_message(link, *sight_.standard);
      link.standard = collect_standard_text(sight_.standard);
    }
    for (const registered_exception& type : find_candidates(sight_, thrown_)) {
      if (!type.standard) continue;
      link.alternatives.push_back({type.key, std::nullopt});
      link.exact = sight_.type && *sight_.type == *type.ops->type;
      break;
    }
    return link;
  }

  /// Shortens a link until it fits.
  [[gnu::cold]] void fit(exception_link& link, std::size_t room) {
    auto const fits = [&link, room] { return size_of_link(link) <= room; };
    if (fits()) return;
    auto& types = link.alternatives;
    auto const carries_data = [](const exception_alternative& type) {
      return type.data.has_value();
    };
    auto const second = types.begin() + std::min<std::ptrdiff_t>(std::ssize(types), 1);
    types.erase(std::remove_if(second, types.end(), carries_data), types.end());
    if (fits()) return;
    if (!types.empty() && carries_data(types.front())) {
      types.erase(types.begin());
      link.exact = false;
    }
    if (fits()) return;
    shorten(link.type_name, most_name);
    if (link.boost) shorten_boost(*link.boost);
    if (fits()) return;
    // Only the message is left to shorten. Drop a text that what() hides.
    if (link.standard.text && link.standard.text != link.message) link.standard.text.reset();
    bool const same_text = link.standard.text.has_value();
    std::size_t const others = size_of_link(link) - link.message.size();
    shorten(link.message, room - std::min(room, others));
    if (same_text) link.standard.text = link.message;
  }

 private:
  void add_message(exception_link& link) {
    if (sight_.remote) {
      link.message = sight_.remote->message();
      const char* const what = sight_.standard->what();
      link.speaks = what && what == link.message;
    } else if (sight_.standard) {
      add_message(link, *sight_.standard);
      // collect_boost() may invalidate the text of what().
      if (sight_.boost) link.message = message_ = link.message;
    } else {
      link.message = message_ = value_as_text(thrown_);
      link.speaks = !message_.empty();
    }
  }

  static void add_message(exception_link& link, const std::exception& object) noexcept {
    const char* const what = object.what();
    link.message = what ? what : "";
    link.speaks = what != nullptr;
  }

  void add_type_name(exception_link& link) {
    if (sight_.remote)
      link.type_name = sight_.remote->type_name();
    else if (sight_.type)
      link.type_name = type_name_ = unwrapped_name(*sight_.type);
  }

  void add_alternatives(exception_link& link, std::size_t room) {
    std::size_t room_for_fallbacks = std::min(room, most_fallback_data);
    for (const registered_exception& type : find_candidates(sight_, thrown_)) {
      auto& types = link.alternatives;
      if (types.size() == types.capacity()) break;
      bool const first = types.empty();
      exception_alternative alternative{type.key, std::nullopt};
      if (!sample(type, first ? room : room_for_fallbacks)) continue;
      use_sample(link, alternative);
      if (!first && alternative.data) room_for_fallbacks -= alternative.data->size();
      types.push_back(alternative);
      if (first) link.exact = !sight_.remote && (is_type(type) || is_wrapped(type));
      // The program knows every standard type, so it needs no further alternative.
      if (type.standard) break;
    }
  }

  bool is_type(const registered_exception& type) const {
    return sight_.type && *sight_.type == *type.ops->type;
  }

  bool is_wrapped(const registered_exception& type) const {
    return is_unwrapped(*type.ops->type, type_name_);
  }

  /// False if the type's own code fails, too: the base classes are tried next.
  bool sample(const registered_exception& type, std::size_t room) noexcept {
    try {
      std::list<exception_sample> fresh(1);
      fresh.front().limit = room;
      if (!type.ops->sample(thrown_, fresh.front())) return false;
      if (!sight_.standard) sight_.standard = fresh.front().standard;
      samples_.splice(samples_.end(), fresh);
      return true;
    } catch (...) {
      return false;
    }
  }

  void use_sample(exception_link& link, exception_alternative& alternative) {
    const exception_sample& latest = samples_.back();
    if (latest.data) alternative.data = as_text(*latest.data);
    // An exception that stands for another one knows the message of that.
    if (link.speaks || sight_.remote) return;
    if (latest.standard) {
      add_message(link, *latest.standard);
    } else if (!latest.message.empty()) {
      link.message = latest.message;
      link.speaks = true;
    }
  }

  void shorten(std::string_view& text, std::size_t size) {
    if (text.size() > size) text = shortened_.emplace_back(cut(text, size));
  }

  void shorten_boost(boost_parts& parts) {
    if (parts.file) shorten(*parts.file, most_name);
    if (parts.function) shorten(*parts.function, most_name);
    shorten(parts.infos, most_name);
  }

  std::exception_ptr thrown_;
  exception_sight sight_;
  std::exception_ptr nested_;

  std::string message_;
  std::string type_name_;
  standard_storage standard_;
  boost_storage boost_;
  // The link refers to what these lists hold, so it has to stay in its place.
  std::list<exception_sample> samples_;
  std::list<std::string> shortened_;
};

class encoder {
 public:
  encoder(byte_buffer& out, std::size_t limit) noexcept
      : out_{out}, limit_{limit}, begin_{out.size()} {}

  [[gnu::cold]] void chain(std::exception_ptr thrown) noexcept {
    try {
      if (!thrown) one_note(note_of_foreign);
      for (std::size_t count = 0; thrown; ++count) {
        source from(thrown);
        if (count == max_exception_links || !one(from)) {
          one_note(count == 0 ? note_of_nothing : note_of_more);
          break;
        }
        thrown = from.nested();
      }
    } catch (...) {
      // Keep the links that have been written.
    }
    if (out_.size() != begin_) write_end(out_);
  }

 private:
  /// The bytes left for one link, a note and the end.
  std::size_t room() const noexcept {
    std::size_t const taken = out_.size() - begin_ + 1;
    return limit_ - std::min(limit_, taken);
  }

  [[gnu::cold]] bool one(source& from) {
    std::size_t const for_note = size_of_link(note(note_of_more));
    std::size_t const room_before_note = room() - std::min(room(), for_note);
    try {
      exception_link link = from.full(room_before_note);
      from.fit(link, room_before_note);
      return write(link, room_before_note);
    } catch (...) {
    }
    try {
      exception_link link = from.brief();
      from.fit(link, room_before_note);
      return write(link, room_before_note);
    } catch (...) {
    }
    return false;
  }

  void one_note(std::string_view text) { write(note(text), room()); }

  bool write(const exception_link& link, std::size_t room) {
    std::size_t const size = size_of_link(link);
    if (size > room) return false;
    // Reserve a byte for the end, so that writing the end cannot fail.
    std::size_t const before = out_.size();
    out_.extend(size + 1);
    out_.resize(before);
    write_link(out_, link);
    return true;
  }

  byte_buffer& out_;
  std::size_t limit_;
  std::size_t begin_;
};

/// The plan that one link makes in the program.
class link_plan final : public exception_plan {
 public:
  link_plan(const exception_link& link, bool is_nested) : link_{link} {
    with_boost = link.boost.has_value();
    with_nested = is_nested;
    if (!link.speaks && link.message.empty())
      unspoken_ = link.type_name.empty() ? "an exception of unknown type"
                                         : "an exception of type " + std::string(link.type_name);
    what = unspoken_.empty() ? link.message : unspoken_;
  }

  void restore(std::exception& object) const override { restore_standard(object, link_.standard); }
  void restore(boost::exception& object) const override {
    if (link_.boost) restore_boost(object, *link_.boost);
  }
  void restore(std::nested_exception& object) const override {
    object = with_nested ? std::nested_exception() : nested_in_nothing;
  }
  [[gnu::cold]] std::shared_ptr<const remote_details> details() const override {
    return std::make_shared<const remote_details>(
        remote_details{std::string(link_.type_name), std::string(link_.message), std::string(what),
                       diagnostics_of(link_)});
  }

 private:
  /// A std::nested_exception made here at run time would nest the exception that is being handled.
  static const std::nested_exception nested_in_nothing;

  const exception_link& link_;
  std::string unspoken_;
};

const std::nested_exception link_plan::nested_in_nothing;

[[gnu::cold]] std::exception_ptr try_alternative(const exception_alternative& alternative,
                                                 link_plan& plan) {
  const exception_ops* const ops = find_exception(alternative.key).ops;
  if (!ops) return nullptr;
  std::string_view const data = alternative.data.value_or("");
  plan.data = {reinterpret_cast<const std::byte*>(data.data()), data.size()};
  try {
    return ops->rebuild(plan);
  } catch (...) {
    // The data may be malformed, or a constructor may have thrown.
    return nullptr;
  }
}

[[gnu::cold]] std::exception_ptr rebuild(const exception_link& link, bool nested) {
  link_plan plan(link, nested);
  if (link.exact && !link.alternatives.empty())
    if (auto object = try_alternative(link.alternatives.front(), plan)) return object;
  plan.remote = true;
  for (const exception_alternative& alternative : link.alternatives)
    if (auto object = try_alternative(alternative, plan)) return object;
  return assemble_remote(plan);
}

}  // namespace

[[gnu::cold]] void encode_exception(byte_buffer& out, const std::exception_ptr& thrown,
                                    std::size_t limit) noexcept {
  encoder(out, limit).chain(thrown);
}

[[gnu::cold]] std::exception_ptr decode_exception(std::span<const std::byte> bytes) {
  if (bytes.empty()) return rebuild(note(note_of_nothing), false);
  std::vector<exception_link> links;
  link_reader reader(bytes);
  while (auto link = reader.next()) {
    if (links.size() > max_exception_links) throw_malformed("an exception has too many links");
    links.push_back(std::move(*link));
  }
  if (links.empty()) throw_malformed("an exception has no links");
  std::exception_ptr object = rebuild(links.back(), false);
  for (std::size_t i = links.size() - 1; i-- > 0;) {
    try {
      std::rethrow_exception(std::exchange(object, nullptr));
    } catch (...) {
      object = rebuild(links[i], true);
    }
  }
  return object;
}

[[gnu::cold]] std::string describe_exception(const std::exception_ptr& thrown) {
  exception_sight const sight = look_at(thrown);
  std::string type;
  std::string message;
  if (sight.remote) {
    type = sight.remote->type_name();
    message = sight.remote->message();
    if (type.empty() && message.empty()) message = sight.standard->what();
  } else {
    if (sight.type) type = unwrapped_name(*sight.type);
    if (!sight.standard)
      message = value_as_text(thrown);
    else if (const char* const what = sight.standard->what())
      message = what;
  }
  if (type.empty() || message.empty()) return type + message;
  return type + ": " + message;
}

}  // namespace isolatte::inline v0_1::detail
