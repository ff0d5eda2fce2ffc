// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

// The bugs in this file are the point of the example: do not copy it, and do not repair it. The
// reader uses offsets as they are in the file, checks no bound and allocates any size. Recursion
// and loops end when the file says so. This works with intact files. With a damaged one the reader
// crashes, hangs, eats memory or exits.

#include "trusting_reader.hpp"

#include <boost/core/demangle.hpp>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <system_error>
#include <vector>

#include <elf.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

namespace census {

// Nothing here is in an unnamed namespace or inlined, so that a stack trace names the function that
// failed.

struct elf32 {
  static constexpr unsigned bits = 32;
  using header = Elf32_Ehdr;
  using section = Elf32_Shdr;
  using symbol = Elf32_Sym;
  using dynamic = Elf32_Dyn;
  using note = Elf32_Nhdr;
};

struct elf64 {
  static constexpr unsigned bits = 64;
  using header = Elf64_Ehdr;
  using section = Elf64_Shdr;
  using symbol = Elf64_Sym;
  using dynamic = Elf64_Dyn;
  using note = Elf64_Nhdr;
};

/// Maps the file. The size is that of the file or that of its header, whichever is larger.
static const char* map(int fd, std::size_t size) {
  void* const begin = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, fd, 0);
  if (begin == MAP_FAILED) throw std::system_error(errno, std::generic_category(), "mmap");
  return static_cast<const char*>(begin);
}

template <class Elf>
class trusting_reader {
  using section = typename Elf::section;
  using symbol = typename Elf::symbol;
  using dynamic = typename Elf::dynamic;
  using note = typename Elf::note;

 public:
  trusting_reader(const char* file, std::uint64_t size) : file_{file} {
    facts_.bytes = size;
    facts_.bits = Elf::bits;
  }

  [[gnu::noinline]] elf_facts read() {
    if (header().e_version != EV_CURRENT) {
      std::fprintf(stderr, "census: ELF version %u is not supported\n", header().e_version);
      std::exit(EX_DATAERR);
    }
    facts_.sections = header().e_shnum;
    for (unsigned i = 0; i != header().e_shnum; ++i) {
      read_section(section_at(i));
      std::string chain = chain_of(section_at(i));
      if (chain.size() > facts_.longest_chain.size()) facts_.longest_chain = std::move(chain);
    }
    return std::move(facts_);
  }

 private:
  void read_section(const section& in) {
    switch (in.sh_type) {
      case SHT_SYMTAB:
      case SHT_DYNSYM: return read_symbols(in);
      case SHT_DYNAMIC: return read_needed(in);
      case SHT_REL:
      case SHT_RELA: return count_relocations(in);
      case SHT_NOTE: return read_notes(in);
    }
  }

  // Allocates any size that the file claims. An entry size of 0 makes an endless loop.
  [[gnu::noinline]] void read_symbols(const section& table) {
    std::vector<symbol> symbols(table.sh_size / sizeof(symbol));
    for (std::uint64_t at = 0; at < table.sh_size; at += table.sh_entsize)
      symbols[at / sizeof(symbol)] = look<symbol>(table.sh_offset + at);

    facts_.symbols = std::max<std::uint64_t>(facts_.symbols, symbols.size());
    for (const symbol& one : symbols) {
      if ((one.st_info & 0xf) != STT_FUNC || one.st_size <= facts_.largest_size) continue;
      facts_.largest_size = one.st_size;
      facts_.largest_function =
          boost::core::demangle(text(section_at(table.sh_link), one.st_name).c_str());
    }
  }

  // Loops until an entry says that it is the last.
  [[gnu::noinline]] void read_needed(const section& table) {
    for (std::uint64_t at = table.sh_offset;; at += sizeof(dynamic)) {
      auto const& entry = look<dynamic>(at);
      if (entry.d_tag == DT_NULL) return;
      if (entry.d_tag == DT_NEEDED)
        facts_.needed.push_back(text(section_at(table.sh_link), entry.d_un.d_val));
    }
  }

  // Divides by a number from the file.
  [[gnu::noinline]] void count_relocations(const section& table) {
    facts_.relocations += table.sh_size / table.sh_entsize;
  }

  // Copies into a buffer of 20 bytes, the usual length of a build id, without a check.
  [[gnu::noinline]] void read_notes(const section& notes) {
    if (text(section_at(header().e_shstrndx), notes.sh_name) != ".note.gnu.build-id") return;
    auto const& id = look<note>(notes.sh_offset);
    auto const bytes = std::make_unique<unsigned char[]>(20);
    std::memcpy(bytes.get(), &look<char>(notes.sh_offset + sizeof(note) + id.n_namesz),
                id.n_descsz);
    char digits[3];
    for (int i = 0; i != 20; ++i) {
      std::snprintf(digits, sizeof digits, "%02x", bytes[i]);
      facts_.build_id += digits;
    }
  }

  // Recurses without end if a section depends on itself.
  [[gnu::noinline]] std::string chain_of(const section& in) {
    std::string const name = text(section_at(header().e_shstrndx), in.sh_name);
    return in.sh_link == 0 ? name : name + " > " + chain_of(section_at(in.sh_link));
  }

  const typename Elf::header& header() { return look<typename Elf::header>(0); }
  const section& section_at(std::uint64_t index) {
    return look<section>(header().e_shoff + index * sizeof(section));
  }
  std::string text(const section& strings, std::uint64_t at) {
    return &look<char>(strings.sh_offset + at);
  }
  template <class T>
  const T& look(std::uint64_t offset) {
    return *reinterpret_cast<const T*>(file_ + offset);
  }

  const char* file_;
  elf_facts facts_;
};

template <class Elf>
static elf_facts read(int fd, std::uint64_t size, const char* head) {
  auto const& header = *reinterpret_cast<const typename Elf::header*>(head);
  std::uint64_t const claimed =
      header.e_shoff + std::uint64_t{header.e_shnum} * sizeof(typename Elf::section);
  return trusting_reader<Elf>{map(fd, std::max(size, claimed)), size}.read();
}

elf_facts read_trustingly(const std::filesystem::path& file) {
  int const fd = ::open(file.c_str(), O_RDONLY);
  if (fd < 0) throw std::system_error(errno, std::generic_category(), "open");
  struct stat status{};
  ::fstat(fd, &status);
  auto const size = static_cast<std::uint64_t>(status.st_size);
  // The mapping and the descriptor are never released: the end of the child does that.
  const char* const head = map(fd, size);
  if (std::memcmp(head, ELFMAG, SELFMAG) != 0) throw not_an_elf("no ELF magic at its beginning");
  switch (head[EI_CLASS]) {
    case ELFCLASS32: return read<elf32>(fd, size, head);
    case ELFCLASS64: return read<elf64>(fd, size, head);
    default: throw not_an_elf("neither a 32-bit nor a 64-bit ELF file");
  }
}

}  // namespace census
