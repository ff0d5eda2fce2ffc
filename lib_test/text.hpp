// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_LIB_TEST_TEXT_HPP
#define ISOLATTE_LIB_TEST_TEXT_HPP

#include <isolatte/config.hpp>

#include <boost/test/framework.hpp>
#include <boost/test/utils/basic_cstring/basic_cstring.hpp>
#include <boost/test/utils/lazy_ostream.hpp>

#include <ostream>
#include <string>
#include <vector>

namespace isolatte::inline v0_1::test {

inline std::string text_of(boost::unit_test::const_string text) {
  return {text.begin(), text.size()};
}

/// A text in the place of an expression that is yet to be printed.
class printed_text : public boost::unit_test::lazy_ostream {
 public:
  explicit printed_text(const std::string& text) : lazy_ostream{false}, text_{text} {}
  std::ostream& operator()(std::ostream& stream) const override { return stream << text_; }

 private:
  const std::string& text_;
};

/// Returns the frames of the context of the next log entry. Boost.Test shows none from an empty one
/// on, but shows that there is a context.
inline std::vector<std::string> context_frames() {
  std::vector<std::string> frames;
  boost::unit_test::framework::context_generator const context =
      boost::unit_test::framework::get_context();
  if (context.is_empty()) return frames;
  for (auto frame = context.next(); !frame.is_empty(); frame = context.next())
    frames.push_back(text_of(frame));
  if (frames.empty()) frames.emplace_back();
  return frames;
}

inline void add_context(const std::string& frame) {
  boost::unit_test::framework::add_context(printed_text{frame}, false);
}

}  // namespace isolatte::inline v0_1::test

#endif
