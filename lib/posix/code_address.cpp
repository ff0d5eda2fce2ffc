// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "posix/code_address.hpp"

#include <array>
#include <cstddef>
#include <cstring>
#include <utility>

#if defined(__linux__)
#include <link.h>
#endif

namespace isolatte::inline v0_1::posix {

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

/// Keeps what has been found while no object comes or goes: calls name the same few segments again
/// and again.
class known_segments {
 public:
  /// @return the segment, or nothing
  const code_segment* find(const dl_phdr_info& any, std::uintptr_t address) noexcept {
    if (any.dlpi_adds != adds_ || any.dlpi_subs != subs_) segments_ = {};
    adds_ = any.dlpi_adds;
    subs_ = any.dlpi_subs;
    for (auto const& each : segments_)
      if (each.holds(address)) return &each;
    return nullptr;
  }
  void add(const code_segment& segment) noexcept {
    segments_[next_++ % segments_.size()] = segment;
  }

 private:
  unsigned long long adds_ = 0;
  unsigned long long subs_ = 0;
  std::array<code_segment, 4> segments_;
  std::size_t next_ = 0;
};

thread_local known_segments known;

struct search {
  std::uintptr_t address;
  std::uint64_t object;
  bool is_first = true;
};

code_segment segment_of(const dl_phdr_info& object, std::uintptr_t address) noexcept {
  for (std::size_t i = 0; i != object.dlpi_phnum; ++i) {
    auto const& header = object.dlpi_phdr[i];
    if (header.p_type != PT_LOAD || (header.p_flags & PF_X) == 0) continue;
    code_segment const segment{object.dlpi_addr + header.p_vaddr, header.p_memsz};
    if (segment.holds(address)) return segment;
  }
  return {};
}

std::uint64_t digest_of(const dl_phdr_info& object) noexcept {
  digest identity;
  identity.add(&object.dlpi_addr, sizeof object.dlpi_addr);
  identity.add(object.dlpi_name, std::strlen(object.dlpi_name));
  identity.add(object.dlpi_phdr, object.dlpi_phnum * sizeof *object.dlpi_phdr);
  for (std::size_t i = 0; i != object.dlpi_phnum; ++i) {
    // The notes hold the build id.
    auto const& segment = object.dlpi_phdr[i];
    if (segment.p_type == PT_NOTE)
      identity.add(reinterpret_cast<const void*>(object.dlpi_addr + segment.p_vaddr),
                   segment.p_memsz);
  }
  return identity.value();
}

int look(dl_phdr_info* object, std::size_t, void* argument) {
  auto& wanted = *static_cast<search*>(argument);
  if (std::exchange(wanted.is_first, false))
    if (auto const* const segment = known.find(*object, wanted.address)) {
      wanted.object = segment->object;
      return 1;
    }
  code_segment segment = segment_of(*object, wanted.address);
  if (segment.size == 0) return 0;
  wanted.object = segment.object = digest_of(*object);
  known.add(segment);
  return 1;
}

int collect(dl_phdr_info* object, std::size_t, void* argument) {
  auto& all = *static_cast<std::vector<code_segment>*>(argument);
  auto const identity = digest_of(*object);
  for (std::size_t i = 0; i != object->dlpi_phnum; ++i) {
    auto const& header = object->dlpi_phdr[i];
    if (header.p_type == PT_LOAD && (header.p_flags & PF_X) != 0)
      all.push_back({object->dlpi_addr + header.p_vaddr, header.p_memsz, identity});
  }
  return 0;
}

}  // namespace

std::vector<code_segment> loaded_code() {
  std::vector<code_segment> all;
  ::dl_iterate_phdr(collect, &all);
  return all;
}

void rely_on(const std::vector<code_segment>& loaded) noexcept { relied_on = &loaded; }

code_address locate_code(std::uintptr_t address) noexcept {
  if (relied_on)
    for (auto const& each : *relied_on)
      if (each.holds(address)) return {address, each.object};
  search wanted{address, 0};
  ::dl_iterate_phdr(look, &wanted);
  return {address, wanted.object};
}

#else

std::vector<code_segment> loaded_code() { return {}; }
void rely_on(const std::vector<code_segment>&) noexcept {}
code_address locate_code(std::uintptr_t address) noexcept { return {address, 0}; }

#endif

bool has_code(const code_address& what) noexcept {
  return what.object != 0 && locate_code(what.address).object == what.object;
}

}  // namespace isolatte::inline v0_1::posix
