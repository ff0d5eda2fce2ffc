// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "posix/code_address.hpp"

#include <cstddef>
#include <cstring>

#if defined(__linux__)
#include <link.h>
#endif

namespace isolatte::posix {

#if defined(__linux__)

namespace {

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

struct search {
  std::uintptr_t address;
  std::uint64_t object;
};

bool holds(const dl_phdr_info& object, std::uintptr_t address) noexcept {
  for (std::size_t i = 0; i != object.dlpi_phnum; ++i) {
    auto const& segment = object.dlpi_phdr[i];
    if (segment.p_type != PT_LOAD || (segment.p_flags & PF_X) == 0) continue;
    std::uintptr_t const begin = object.dlpi_addr + segment.p_vaddr;
    if (address >= begin && address - begin < segment.p_memsz) return true;
  }
  return false;
}

int look(dl_phdr_info* object, std::size_t, void* argument) {
  auto& wanted = *static_cast<search*>(argument);
  if (!holds(*object, wanted.address)) return 0;
  digest identity;
  identity.add(&object->dlpi_addr, sizeof object->dlpi_addr);
  identity.add(object->dlpi_name, std::strlen(object->dlpi_name));
  identity.add(object->dlpi_phdr, object->dlpi_phnum * sizeof *object->dlpi_phdr);
  for (std::size_t i = 0; i != object->dlpi_phnum; ++i) {
    // The notes hold the build id.
    auto const& segment = object->dlpi_phdr[i];
    if (segment.p_type == PT_NOTE)
      identity.add(reinterpret_cast<const void*>(object->dlpi_addr + segment.p_vaddr),
                   segment.p_memsz);
  }
  wanted.object = identity.value();
  return 1;
}

}  // namespace

code_address locate_code(std::uintptr_t address) noexcept {
  search wanted{address, 0};
  ::dl_iterate_phdr(look, &wanted);
  return {address, wanted.object};
}

#else

code_address locate_code(std::uintptr_t address) noexcept { return {address, 0}; }

#endif

bool has_code(const code_address& what) noexcept {
  return what.object != 0 && locate_code(what.address).object == what.object;
}

}  // namespace isolatte::posix
