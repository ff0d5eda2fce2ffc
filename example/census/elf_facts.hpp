// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_EXAMPLE_CENSUS_ELF_FACTS_HPP
#define ISOLATTE_EXAMPLE_CENSUS_ELF_FACTS_HPP

#include <isolatte/exception.hpp>

#include <cstdint>
#include <stdexcept>
#include <string>
#include <vector>

namespace census {

/// The facts about one program. `serialize` makes the type transportable from the child.
struct elf_facts {
  std::uint64_t bytes = 0;
  std::uint64_t bits = 0;
  std::uint64_t sections = 0;
  std::uint64_t symbols = 0;
  std::uint64_t relocations = 0;
  std::uint64_t largest_size = 0;
  std::string largest_function;
  std::string build_id;
  std::string longest_chain;
  std::vector<std::string> needed;

  template <class Archive>
  void serialize(Archive& ar, unsigned /*version*/) {
    ar & bytes & bits & sections & symbols & relocations & largest_size & largest_function &
        build_id & longest_chain & needed;
  }
};

/// Thrown by the reader for a file that is not ELF.
class not_an_elf : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

}  // namespace census

// Registered, so that the program can catch the type that the child threw.
ISOLATTE_REGISTER_EXCEPTION(census::not_an_elf)

#endif
