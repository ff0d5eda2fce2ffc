// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_EXAMPLE_SERVICE_REPORT_HPP
#define ISOLATTE_EXAMPLE_SERVICE_REPORT_HPP

#include <cstdint>
#include <string>
#include <vector>

namespace service {

/// A named value.
struct fact {
  std::string label;
  std::string value;

  template <class Archive>
  void serialize(Archive& ar, unsigned) {
    ar & label & value;
  }
};

struct table {
  std::string caption;
  std::vector<std::string> columns;
  std::vector<std::vector<std::string>> rows;

  template <class Archive>
  void serialize(Archive& ar, unsigned) {
    ar & caption & columns & rows;
  }
};

/// Pixels, so that no browser has to decode what a worker made.
struct picture {
  std::uint32_t width = 0;
  std::uint32_t height = 0;
  /// Four bytes each: red, green, blue, alpha.
  std::string pixels;

  template <class Archive>
  void serialize(Archive& ar, unsigned) {
    ar & width & height & pixels;
  }
};

/// A part of report::text, in bytes.
struct span {
  std::uint64_t begin = 0;
  std::uint64_t size = 0;

  template <class Archive>
  void serialize(Archive& ar, unsigned) {
    ar & begin & size;
  }
};

/// The answer of a worker. The service trusts none of it: a worker may have been taken over by the
/// file that it read.
struct report {
  std::string summary;
  std::vector<fact> facts;
  std::vector<table> tables;
  picture thumbnail;
  std::string text;
  std::vector<span> matches;

  template <class Archive>
  void serialize(Archive& ar, unsigned) {
    ar & summary & facts & tables & thumbnail & text & matches;
  }
};

}  // namespace service

#endif
