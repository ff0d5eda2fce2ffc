// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

// Reads ELF files of either size and byte order. Each offset of the file is checked when it is
// used; a wrong one is an exception.

#include "examine.hpp"

#include <boost/core/demangle.hpp>

#include <algorithm>
#include <array>
#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <stdexcept>
#include <utility>
#include <vector>

#include <elf.h>

namespace service {

namespace {

struct elf32 {
  using header = Elf32_Ehdr;
  using section = Elf32_Shdr;
  using segment = Elf32_Phdr;
  using symbol = Elf32_Sym;
  using dynamic = Elf32_Dyn;
};

struct elf64 {
  using header = Elf64_Ehdr;
  using section = Elf64_Shdr;
  using segment = Elf64_Phdr;
  using symbol = Elf64_Sym;
  using dynamic = Elf64_Dyn;
};

[[noreturn]] void damaged(const std::string& what) {
  throw std::runtime_error{"the ELF file is damaged: " + what};
}

std::string hex(std::uint64_t number) {
  std::array<char, 24> text{};
  std::snprintf(text.data(), text.size(), "0x%llx", static_cast<unsigned long long>(number));
  return text.data();
}

std::string name_of(std::uint64_t value,
                    std::initializer_list<std::pair<std::uint64_t, const char*>> names) {
  for (auto const& [number, name] : names)
    if (number == value) return name;
  return hex(value);
}

template <class Elf>
class elf_reader {
  using section = typename Elf::section;
  using segment = typename Elf::segment;
  using symbol = typename Elf::symbol;
  using dynamic = typename Elf::dynamic;

 public:
  elf_reader(std::string_view file, bool is_swapped)
      : file_{file}, is_swapped_{is_swapped}, head_{look<typename Elf::header>(0)} {}

  report read(progress& told) {
    tell(told, "reading the header");
    read_header();
    read_segments();
    tell(told, "reading " + std::to_string(get(head_.e_shnum)) + " sections");
    read_sections();
    tell(told, "reading symbols");
    read_symbols();
    made_.summary = std::to_string(sizeof(typename Elf::header) == 64 ? 64 : 32) + "-bit " +
                    machine() + " " + type();
    return std::move(made_);
  }

 private:
  template <std::integral T>
  T get(T value) const {
    if (!is_swapped_) return value;
    auto bytes = std::bit_cast<std::array<std::byte, sizeof(T)>>(value);
    std::reverse(bytes.begin(), bytes.end());
    return std::bit_cast<T>(bytes);
  }

  template <class T>
  T look(std::uint64_t offset) const {
    if (offset > file_.size() || file_.size() - offset < sizeof(T))
      damaged(hex(offset) + " is beyond its end");
    T made;
    std::memcpy(&made, file_.data() + offset, sizeof made);
    return made;
  }

  /// One entry of a table whose entries are at least as large as T.
  template <class T>
  T entry(std::uint64_t table, std::uint64_t entry_size, std::uint64_t index) const {
    if (entry_size < sizeof(T)) damaged("the entries of a table are too small");
    std::uint64_t offset = 0;
    if (__builtin_mul_overflow(entry_size, index, &offset) ||
        __builtin_add_overflow(offset, table, &offset))
      damaged("a table ends beyond all numbers");
    return look<T>(offset);
  }

  std::string_view part(std::uint64_t offset, std::uint64_t size) const {
    if (offset > file_.size() || file_.size() - offset < size)
      damaged(hex(offset) + " is beyond its end");
    return file_.substr(offset, size);
  }

  std::string text(const section& strings, std::uint64_t at) const {
    std::string_view const all = part(get(strings.sh_offset), get(strings.sh_size));
    if (at >= all.size()) damaged("a name is outside its table");
    return std::string{all.substr(at, std::min(all.find('\0', at), all.size()) - at)};
  }

  std::string type() const {
    return name_of(get(head_.e_type),
                   {{ET_REL, "object file"},
                    {ET_EXEC, "program"},
                    {ET_DYN, has_interpreter_ ? "program (PIE)" : "shared library"},
                    {ET_CORE, "core dump"}});
  }
  std::string machine() const {
    return name_of(get(head_.e_machine), {{EM_X86_64, "x86-64"},
                                          {EM_386, "x86"},
                                          {EM_AARCH64, "ARM64"},
                                          {EM_ARM, "ARM"},
                                          {EM_RISCV, "RISC-V"},
                                          {EM_PPC64, "PowerPC 64"},
                                          {EM_S390, "s390"},
                                          {EM_MIPS, "MIPS"}});
  }

  void add(std::string label, std::string value) {
    made_.facts.push_back({std::move(label), std::move(value)});
  }

  void read_header() {
    add("Machine", machine());
    add("Byte order", (std::endian::native == std::endian::little) != is_swapped_ ? "little endian"
                                                                                  : "big endian");
    add("Entry point", hex(get(head_.e_entry)));
  }

  void read_segments() {
    bool has_stack = false;
    bool stack_is_executable = true;
    bool has_relro = false;
    for (unsigned i = 0; i != get(head_.e_phnum); ++i) {
      auto const one = entry<segment>(get(head_.e_phoff), get(head_.e_phentsize), i);
      switch (get(one.p_type)) {
        case PT_INTERP: {
          has_interpreter_ = true;
          std::string_view const path = part(get(one.p_offset), get(one.p_filesz));
          add("Interpreter", std::string{path.substr(0, path.find('\0'))});
          break;
        }
        case PT_GNU_STACK:
          has_stack = true;
          stack_is_executable = (get(one.p_flags) & PF_X) != 0;
          break;
        case PT_GNU_RELRO: has_relro = true; break;
      }
    }
    add("Segments", std::to_string(get(head_.e_phnum)));
    if (has_stack) add("Stack", stack_is_executable ? "executable" : "not executable");
    add("Relocations", has_relro ? "read-only after start (RELRO)" : "stay writable");
  }

  section section_at(std::uint64_t index) const {
    if (index >= get(head_.e_shnum)) damaged("section " + std::to_string(index) + " is missing");
    return entry<section>(get(head_.e_shoff), get(head_.e_shentsize), index);
  }

  void read_sections() {
    unsigned const count = get(head_.e_shnum);
    add("Sections", std::to_string(count));
    if (count == 0) return;
    auto const names = section_at(get(head_.e_shstrndx));
    table all{"Sections", {"Name", "Type", "Size", "Flags"}, {}};
    std::string needed;
    for (unsigned i = 0; i != count; ++i) {
      auto const one = section_at(i);
      std::uint32_t const kind = get(one.sh_type);
      if (kind == SHT_NULL) continue;
      std::string const name = text(names, get(one.sh_name));
      if (kind == SHT_DYNAMIC) needed = read_needed(one);
      if (name == ".note.gnu.build-id") read_build_id(one);
      if (all.rows.size() < most_rows)
        all.rows.push_back({name,
                            name_of(kind, {{SHT_PROGBITS, "data"},
                                           {SHT_NOBITS, "zeros"},
                                           {SHT_SYMTAB, "symbols"},
                                           {SHT_DYNSYM, "symbols"},
                                           {SHT_STRTAB, "strings"},
                                           {SHT_RELA, "relocations"},
                                           {SHT_REL, "relocations"},
                                           {SHT_DYNAMIC, "linking"},
                                           {SHT_NOTE, "note"},
                                           {SHT_HASH, "hash"},
                                           {SHT_GNU_HASH, "hash"},
                                           {SHT_GNU_versym, "versions"},
                                           {SHT_GNU_verneed, "versions"},
                                           {SHT_GNU_verdef, "versions"},
                                           {SHT_INIT_ARRAY, "init"},
                                           {SHT_FINI_ARRAY, "fini"}}),
                            std::to_string(get(one.sh_size)), flags(get(one.sh_flags))});
    }
    if (!needed.empty()) add("Needs", needed);
    made_.tables.push_back(std::move(all));
  }

  static std::string flags(std::uint64_t given) {
    std::string made;
    if (given & SHF_ALLOC) made += 'A';
    if (given & SHF_WRITE) made += 'W';
    if (given & SHF_EXECINSTR) made += 'X';
    return made;
  }

  std::string read_needed(const section& linking) const {
    std::string made;
    auto const strings = section_at(get(linking.sh_link));
    for (std::uint64_t i = 0; i < get(linking.sh_size) / sizeof(dynamic); ++i) {
      auto const one = entry<dynamic>(get(linking.sh_offset), sizeof(dynamic), i);
      if (get(one.d_tag) == DT_NULL) break;
      if (get(one.d_tag) != DT_NEEDED) continue;
      if (!made.empty()) made += ", ";
      made += text(strings, get(one.d_un.d_val));
      if (made.size() > 1024) break;
    }
    return made;
  }

  void read_build_id(const section& note) {
    auto const head = look<Elf32_Nhdr>(get(note.sh_offset));
    std::string_view const id =
        part(get(note.sh_offset) + sizeof head + get(head.n_namesz), get(head.n_descsz));
    std::string digits;
    for (unsigned char const byte : id.substr(0, 32)) {
      digits += "0123456789abcdef"[byte >> 4];
      digits += "0123456789abcdef"[byte & 15];
    }
    add("Build id", digits);
  }

  void read_symbols() {
    std::vector<std::pair<std::uint64_t, std::string>> largest;
    std::uint64_t count = 0;
    for (unsigned i = 0; i != get(head_.e_shnum); ++i) {
      auto const one = section_at(i);
      if (get(one.sh_type) != SHT_SYMTAB && get(one.sh_type) != SHT_DYNSYM) continue;
      auto const strings = section_at(get(one.sh_link));
      for (std::uint64_t at = 0; at < get(one.sh_size) / sizeof(symbol); ++at) {
        auto const each = entry<symbol>(get(one.sh_offset), sizeof(symbol), at);
        ++count;
        std::uint64_t const size = get(each.st_size);
        if ((each.st_info & 0xf) != STT_FUNC || size == 0) continue;
        if (largest.size() == most_symbols && largest.back().first >= size) continue;
        largest.emplace_back(size, text(strings, get(each.st_name)));
        std::sort(largest.begin(), largest.end(), std::greater{});
        largest.erase(std::unique(largest.begin(), largest.end()), largest.end());
        if (largest.size() > most_symbols) largest.pop_back();
      }
    }
    add("Symbols", std::to_string(count));
    if (largest.empty()) return;
    table functions{"Largest functions", {"Function", "Bytes"}, {}};
    for (auto const& [size, name] : largest)
      functions.rows.push_back(
          {boost::core::demangle(name.c_str()).substr(0, 300), std::to_string(size)});
    made_.tables.push_back(std::move(functions));
  }

  static constexpr std::size_t most_rows = 64;
  static constexpr std::size_t most_symbols = 12;

  std::string_view file_;
  bool is_swapped_;
  typename Elf::header head_;
  bool has_interpreter_ = false;
  report made_;
};

}  // namespace

report examine_elf(progress& told, std::string_view bytes) {
  if (bytes.size() < EI_NIDENT) damaged("there is no header");
  bool const is_little = bytes[EI_DATA] == ELFDATA2LSB;
  if (!is_little && bytes[EI_DATA] != ELFDATA2MSB) damaged("its byte order is unknown");
  bool const is_swapped = is_little != (std::endian::native == std::endian::little);
  switch (bytes[EI_CLASS]) {
    case ELFCLASS32: return elf_reader<elf32>{bytes, is_swapped}.read(told);
    case ELFCLASS64: return elf_reader<elf64>{bytes, is_swapped}.read(told);
    default: damaged("neither 32-bit nor 64-bit");
  }
}

}  // namespace service
