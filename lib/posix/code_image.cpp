// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "posix/code_image.hpp"

#include <array>
#include <cstring>
#include <span>
#include <utility>

#if defined(__linux__)
#include <link.h>
#endif

namespace isolatte::inline v0_1::posix {

using detail::build_id;
using detail::code_name;

#if defined(__linux__)

namespace {

constinit const std::vector<code_segment>* relied_on = nullptr;

/// FNV-1a.
class digest {
 public:
  void add(const void* bytes, std::size_t count) noexcept {
    for (auto const* at = static_cast<const unsigned char*>(bytes); count != 0; --count, ++at)
      value_ = (value_ ^ *at) * 0x100000001b3U;
  }
  std::uint64_t value() const noexcept { return value_ == 0 ? 1 : value_; }

 private:
  std::uint64_t value_ = 0xcbf29ce484222325U;
};

std::span<const ElfW(Phdr)> headers_of(const dl_phdr_info& object) noexcept {
  return {object.dlpi_phdr, object.dlpi_phnum};
}

std::span<const std::byte> bytes_of(const dl_phdr_info& object,
                                    const ElfW(Phdr) & segment) noexcept {
  return {reinterpret_cast<const std::byte*>(object.dlpi_addr + segment.p_vaddr), segment.p_memsz};
}

std::uint64_t digest_of(const dl_phdr_info& object) noexcept {
  digest identity;
  identity.add(&object.dlpi_addr, sizeof object.dlpi_addr);
  identity.add(object.dlpi_name, std::strlen(object.dlpi_name));
  identity.add(object.dlpi_phdr, object.dlpi_phnum * sizeof *object.dlpi_phdr);
  for (auto const& segment : headers_of(object)) {
    // The notes hold the build id.
    if (segment.p_type != PT_NOTE) continue;
    auto const notes = bytes_of(object, segment);
    identity.add(notes.data(), notes.size());
  }
  return identity.value();
}

/// Looks for the build id among the notes of a segment.
build_id id_among(std::span<const std::byte> notes, std::size_t alignment) noexcept {
  auto const aligned = [&](std::size_t size) { return (size + alignment - 1) & ~(alignment - 1); };
  static constexpr char owner[] = "GNU";
  ElfW(Nhdr) note;
  while (notes.size() >= sizeof note) {
    std::memcpy(&note, notes.data(), sizeof note);
    if (note.n_namesz > notes.size() - sizeof note) break;
    std::size_t const begin = aligned(sizeof note + note.n_namesz);
    if (begin > notes.size() || note.n_descsz > notes.size() - begin) break;
    if (note.n_type == NT_GNU_BUILD_ID && note.n_namesz == sizeof owner &&
        std::memcmp(notes.data() + sizeof note, owner, sizeof owner) == 0)
      return build_id::of(notes.subspan(begin, note.n_descsz)).value_or(build_id{});
    std::size_t const end = aligned(begin + note.n_descsz);
    if (end > notes.size()) break;
    notes = notes.subspan(end);
  }
  return {};
}

build_id id_of(const dl_phdr_info& object) noexcept {
  for (auto const& segment : headers_of(object)) {
    if (segment.p_type != PT_NOTE) continue;
    build_id const id = id_among(bytes_of(object, segment), segment.p_align == 8 ? 8 : 4);
    if (!id.empty()) return id;
  }
  return {};
}

bool is_code(const ElfW(Phdr) & segment) noexcept {
  return segment.p_type == PT_LOAD && (segment.p_flags & PF_X) != 0;
}

/// @return the segment, without what tells its object from others
code_segment place_of(const dl_phdr_info& object, const ElfW(Phdr) & segment) noexcept {
  return {object.dlpi_addr + segment.p_vaddr, segment.p_memsz, object.dlpi_addr};
}

struct by_address {
  std::uintptr_t address;

  bool may_be_in(const code_segment& place) const noexcept { return place.holds(address); }
  bool is_in(const code_segment& segment) const noexcept { return segment.holds(address); }
};

struct by_name {
  const code_name& name;

  bool may_be_in(const code_segment& place) const noexcept {
    return place.holds(place.bias + static_cast<std::uintptr_t>(name.offset));
  }
  bool is_in(const code_segment& segment) const noexcept {
    return may_be_in(segment) && segment.id == name.object;
  }
};

/// Keeps what has been found while no object comes or goes: calls name the same few segments again
/// and again.
class known_segments {
 public:
  /// @return the segment, or null
  template <class Wanted>
  const code_segment* find(const dl_phdr_info& any, const Wanted& wanted) noexcept {
    if (any.dlpi_adds != adds_ || any.dlpi_subs != subs_) segments_ = {};
    adds_ = any.dlpi_adds;
    subs_ = any.dlpi_subs;
    for (auto const& each : segments_)
      if (wanted.is_in(each)) return &each;
    return nullptr;
  }
  const code_segment* add(const code_segment& segment) noexcept {
    return &(segments_[next_++ % segments_.size()] = segment);
  }

 private:
  unsigned long long adds_ = 0;
  unsigned long long subs_ = 0;
  std::array<code_segment, 4> segments_;
  std::size_t next_ = 0;
};

thread_local known_segments known;

template <class Wanted>
struct search {
  Wanted wanted;
  const code_segment* found = nullptr;
  bool is_first = true;
};

template <class Wanted>
int look(dl_phdr_info* object, std::size_t, void* argument) {
  auto& [wanted, found, is_first] = *static_cast<search<Wanted>*>(argument);
  if (std::exchange(is_first, false)) {
    found = known.find(*object, wanted);
    if (found) return 1;
  }
  for (auto const& each : headers_of(*object)) {
    if (!is_code(each)) continue;
    code_segment segment = place_of(*object, each);
    if (!wanted.may_be_in(segment)) continue;
    segment.digest = digest_of(*object);
    segment.id = id_of(*object);
    if (!wanted.is_in(segment)) continue;
    found = known.add(segment);
    return 1;
  }
  return 0;
}

template <class Wanted>
const code_segment* find_wanted(Wanted wanted) noexcept {
  if (relied_on)
    for (auto const& each : *relied_on)
      if (wanted.is_in(each)) return &each;
  search<Wanted> all{wanted};
  ::dl_iterate_phdr(look<Wanted>, &all);
  return all.found;
}

int collect(dl_phdr_info* object, std::size_t, void* argument) {
  auto& all = *static_cast<std::vector<code_segment>*>(argument);
  auto const identity = digest_of(*object);
  auto const id = id_of(*object);
  for (auto const& each : headers_of(*object)) {
    if (!is_code(each)) continue;
    code_segment segment = place_of(*object, each);
    segment.digest = identity;
    segment.id = id;
    all.push_back(segment);
  }
  return 0;
}

/// The loader names the program first.
int take_id_of_first(dl_phdr_info* object, std::size_t, void* argument) {
  *static_cast<build_id*>(argument) = id_of(*object);
  return 1;
}

}  // namespace

std::vector<code_segment> loaded_code() {
  std::vector<code_segment> all;
  ::dl_iterate_phdr(collect, &all);
  return all;
}

void rely_on(const std::vector<code_segment>& loaded) noexcept { relied_on = &loaded; }

const code_segment* find_segment(std::uintptr_t address) noexcept {
  return find_wanted(by_address{address});
}

const code_segment* find_segment(const code_name& name) noexcept {
  // Objects without an id would all have this name.
  if (name.object.empty()) return nullptr;
  return find_wanted(by_name{name});
}

build_id id_of_program() noexcept {
  build_id id;
  ::dl_iterate_phdr(take_id_of_first, &id);
  return id;
}

#else

std::vector<code_segment> loaded_code() { return {}; }
void rely_on(const std::vector<code_segment>&) noexcept {}
const code_segment* find_segment(std::uintptr_t) noexcept { return nullptr; }
const code_segment* find_segment(const code_name&) noexcept { return nullptr; }
build_id id_of_program() noexcept { return {}; }

#endif

}  // namespace isolatte::inline v0_1::posix
