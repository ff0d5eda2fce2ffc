// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "damage.hpp"

#include <algorithm>
#include <cstring>
#include <fstream>
#include <iterator>
#include <limits>
#include <random>
#include <string>

#include <elf.h>

namespace census {

namespace {

struct elf32 {
  using header = Elf32_Ehdr;
  using section = Elf32_Shdr;
};
struct elf64 {
  using header = Elf64_Ehdr;
  using section = Elf64_Shdr;
};

/// Damages an ELF file. Unlike the reader it checks every bound, and leaves out damage that the
/// file has no place for.
template <class Elf>
class vandal {
  using header_type = typename Elf::header;
  using section_type = typename Elf::section;

 public:
  vandal(std::string& file, std::uint64_t seed) : file_{file}, seed_{seed}, random_{seed} {
    get(0, header_);
  }

  void apply(damage harm) {
    switch (harm) {
      case damage::none: return;
      case damage::truncated: return file_.resize(file_.size() * (1 + below(9)) / 10);
      case damage::flipped_bits: return flip_bits();
      case damage::huge_tables: return each_section([this](auto& s) { claim_more(s); });
      case damage::empty_entries: return each_section([this](auto& s) { empty_entries(s); });
      case damage::long_note: return each_section([this](auto& s) { lengthen_note(s); });
      case damage::circular_links: return each_section([](auto& s, unsigned i) { s.sh_link = i; });
      case damage::later_version: header_.e_version = 9; return put(0, header_);
    }
  }

 private:
  // Does without std::uniform_int_distribution, whose results differ between libraries.
  std::uint64_t below(std::uint64_t limit) { return limit == 0 ? 0 : random_() % limit; }

  void flip_bits() {
    auto const some = [this](int count, std::uint64_t from, std::uint64_t size) {
      for (; count != 0; --count)
        if (std::uint64_t const at = from + below(size); at < file_.size())
          file_[at] = static_cast<char>(file_[at] ^ (1 << below(8)));
    };
    some(1, EI_NIDENT, sizeof header_ - EI_NIDENT);
    some(12, header_.e_shoff, header_.e_shnum * sizeof(section_type));
    some(64, 0, file_.size());
  }

  void claim_more(section_type& s) {
    if (s.sh_type != SHT_SYMTAB && s.sh_type != SHT_DYNSYM) return;
    using size = decltype(s.sh_size);
    switch (seed_ % 3) {
      case 0: s.sh_size = std::numeric_limits<size>::max() / 256; break;
      case 1: s.sh_size = std::numeric_limits<size>::max() - 15; break;
      case 2: s.sh_size = size{48} << 20; break;
    }
  }

  void empty_entries(section_type& s) {
    bool const symbols = s.sh_type == SHT_SYMTAB || s.sh_type == SHT_DYNSYM;
    bool const relocations = s.sh_type == SHT_REL || s.sh_type == SHT_RELA;
    // Gives only every fourth symbol table an entry size of 0, because each of these hangs a child
    // until its timeout.
    if (seed_ % 4 == 0 ? symbols : relocations) s.sh_entsize = 0;
  }

  void lengthen_note(const section_type& s) {
    Elf64_Nhdr note{};  // same layout for 64 and 32 bits
    if (s.sh_type != SHT_NOTE || !get(s.sh_offset, note) || note.n_type != NT_GNU_BUILD_ID) return;
    note.n_descsz = 6000;
    put(s.sh_offset, note);
  }

  template <class Change>
  void each_section(Change change) {
    for (unsigned i = 0; i != header_.e_shnum; ++i) {
      section_type one;
      std::uint64_t const at = header_.e_shoff + std::uint64_t{i} * sizeof one;
      if (!get(at, one)) return;
      if constexpr (std::is_invocable_v<Change, section_type&, unsigned>)
        change(one, i);
      else
        change(one);
      put(at, one);
    }
  }

  template <class T>
  bool get(std::uint64_t at, T& into) const {
    if (at > file_.size() || file_.size() - at < sizeof into) return false;
    std::memcpy(&into, file_.data() + at, sizeof into);
    return true;
  }
  template <class T>
  void put(std::uint64_t at, const T& from) {
    if (at <= file_.size() && file_.size() - at >= sizeof from)
      std::memcpy(file_.data() + at, &from, sizeof from);
  }

  std::string& file_;
  std::uint64_t seed_;
  std::mt19937_64 random_;
  header_type header_{};
};

}  // namespace

void write_damaged_copy(const specimen& what, const std::filesystem::path& to) {
  std::ifstream in{what.program, std::ios::binary};
  std::string file{std::istreambuf_iterator<char>{in}, {}};
  if (file.size() > EI_CLASS && file[EI_CLASS] == ELFCLASS32)
    vandal<elf32>{file, what.seed}.apply(what.harm);
  else
    vandal<elf64>{file, what.seed}.apply(what.harm);
  std::ofstream out{to, std::ios::binary};
  out.exceptions(std::ios::badbit | std::ios::failbit);
  out << file << std::flush;
}

}  // namespace census
