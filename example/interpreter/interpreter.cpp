// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "interpreter.hpp"

#include <cctype>
#include <cstddef>
#include <cstdlib>
#include <sstream>
#include <stdexcept>
#include <string_view>
#include <utility>

/// Evaluates an expression while it reads it, by recursive descent.
class evaluation {
 public:
  evaluation(const interpreter& in, const interpreter::scope& names, const std::string& text)
      : in_{in}, names_{names}, rest_{text.c_str()} {}

  /// The value of the whole text.
  double whole() {
    double const value = comparison();
    if (peek() != 0) fail("this is too much: " + std::string{rest_});
    return value;
  }

 private:
  [[noreturn]] static void fail(const std::string& why) { throw std::invalid_argument{why}; }

  static unsigned char byte(char c) { return static_cast<unsigned char>(c); }
  char peek() {
    while (std::isspace(byte(*rest_))) ++rest_;
    return *rest_;
  }
  bool take(char wanted) {
    if (peek() != wanted) return false;
    ++rest_;
    return true;
  }
  void demand(char wanted) {
    if (!take(wanted)) fail(std::string{"there is no "} + wanted);
  }

  double comparison() {
    double const left = sum();
    if (take('<')) return left < sum() ? 1 : 0;
    return left;
  }
  double sum() {
    double value = product();
    for (;;) {
      if (take('+'))
        value += product();
      else if (take('-'))
        value -= product();
      else
        return value;
    }
  }
  double product() {
    double value = factor();
    for (;;) {
      if (take('*'))
        value *= factor();
      else if (take('/'))
        value /= factor();
      else
        return value;
    }
  }
  double factor() {
    if (take('-')) return -factor();
    if (take('(')) {
      double const value = comparison();
      demand(')');
      return value;
    }
    if (std::isalpha(byte(peek()))) return name();
    char* end = nullptr;
    double const number = std::strtod(rest_, &end);
    if (end == rest_) fail("a number or a name is missing");
    rest_ = end;
    return number;
  }

  double name() {
    std::string id;
    while (std::isalnum(byte(*rest_))) id += *rest_++;
    if (take('(')) return id == "if" ? choice() : call(id);
    if (skips_) return 0;
    for (auto const* names : {&names_, &in_.variables_})
      if (auto const found = names->find(id); found != names->end()) return found->second;
    fail(id + " is not known");
  }

  /// One of two values; the other one is read, and not evaluated.
  double choice() {
    bool const yes = comparison() != 0;
    demand(',');
    double const first = chosen(yes);
    demand(',');
    double const second = chosen(!yes);
    demand(')');
    return yes ? first : second;
  }
  double chosen(bool is_wanted) {
    bool const skipped = std::exchange(skips_, skips_ || !is_wanted);
    double const value = comparison();
    skips_ = skipped;
    return value;
  }

  double call(const std::string& id) {
    std::vector<double> arguments;
    if (!take(')')) {
      do arguments.push_back(comparison());
      while (take(','));
      demand(')');
    }
    if (skips_) return 0;
    auto const found = in_.functions_.find(id);
    if (found == in_.functions_.end()) fail(id + "() is not known");
    auto const& [parameters, body] = found->second;
    if (arguments.size() != parameters.size()) fail(id + "() takes other arguments");
    interpreter::scope names;
    for (std::size_t i = 0; i != arguments.size(); ++i) names[parameters[i]] = arguments[i];
    return evaluation{in_, names, body}.whole();
  }

  const interpreter& in_;
  const interpreter::scope& names_;
  const char* rest_;
  /// The part that is read now is not evaluated.
  bool skips_ = false;
};

namespace {

/// The names in a text; other characters separate them.
std::vector<std::string> names_in(std::string_view text) {
  std::vector<std::string> names;
  bool is_within = false;
  for (char const c : text) {
    bool const is_part = std::isalnum(static_cast<unsigned char>(c)) != 0;
    if (is_part && !is_within) names.emplace_back();
    if (is_part) names.back() += c;
    is_within = is_part;
  }
  return names;
}

}  // namespace

std::string interpreter::run(const std::string& line) {
  std::size_t const equals = line.find('=');
  if (equals == line.npos) {
    std::ostringstream text;
    text << evaluation{*this, {}, line}.whole();
    return text.str();
  }
  std::string const left = line.substr(0, equals);
  std::string const right = line.substr(equals + 1);
  auto names = names_in(left);
  if (names.empty()) throw std::invalid_argument{"there is no name before ="};
  std::string const name = names.front();
  if (left.find('(') != left.npos) {
    names.erase(names.begin());
    functions_[name] = {std::move(names), right};
    return name + "() is defined";
  }
  std::ostringstream text;
  text << name << " is " << (variables_[name] = evaluation{*this, {}, right}.whole());
  return text.str();
}
